using System.Net;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Responding;

/// <summary>Answers of one link on their way: random delays, known answers, one multicast per record and second (RFC 6762 sections 6 and 7).</summary>
internal sealed class ReplyQueue(LinkResponder responder)
{
    private const int MaxPending = 256;
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);

    // Section 6: a probe may not wait for a whole second, it decides after 250 ms.
    private static readonly TimeSpan MinDefenceInterval = TimeSpan.FromMilliseconds(250);
    private readonly List<PendingReply> _pending = [];

    private NodeContext Context => responder.Context;

    public void Clear()
    {
        _pending.ForEach(reply => reply.Step?.Cancel());
        _pending.Clear();
    }

    public void OnQuery(DnsMessage query, IPEndPoint source, bool toMulticast)
    {
        TimeSpan now = Context.Now;
        SuppressPending(query.Answers, source);
        List<OwnedRecord> alone = [];
        List<OwnedRecord> toAll = [];
        bool isLegacy = source.Port != MulticastEndpoints.Port;

        // A neighbour program on this machine shares our address: the kernel could hand its unicast reply to us instead.
        bool mayAnswerAlone = isLegacy || !responder.Link.IsOwn(source.Address);
        foreach (DnsQuestion question in query.Questions)
        {
            foreach (OwnedRecord answer in Matches(question))
            {
                bool isKnown = query.Answers.Any(known => Suppresses(known, answer));
                bool answersAlone = mayAnswerAlone
                    && (isLegacy || !toMulticast || (question.UnicastResponse && answer.WasMulticastRecently(now)));
                List<OwnedRecord> list = answersAlone ? alone : toAll;
                if (!isKnown && !list.Contains(answer))
                {
                    list.Add(answer);
                }
            }
        }

        if (isLegacy)
        {
            SendLegacy(query, source, alone);
            return;
        }

        bool isProbe = query.Authorities.Count > 0;
        Enqueue(new PendingReply(source, now, alone, IsAlone: true, isProbe), query.IsTruncated);
        Enqueue(new PendingReply(source, now, toAll, IsAlone: false, isProbe), query.IsTruncated);
    }

    /// <summary>Section 7.4: another responder has just said the same.</summary>
    public void OnAnsweredByOther(OwnedRecord record)
    {
        foreach (PendingReply reply in _pending.Where(reply => !reply.IsAlone && !reply.IsRescue))
        {
            reply.Answers.Remove(record);
        }
    }

    /// <summary>Section 6.6: say again what somebody else let go.</summary>
    public void Rescue(OwnedRecord record)
    {
        if (!_pending.Exists(reply => reply.IsRescue && reply.Answers.Contains(record)))
        {
            Enqueue(new PendingReply(null, Context.Now, [record], IsAlone: false, IsProbe: false), isTruncated: false);
        }
    }

    private List<OwnedRecord> Matches(DnsQuestion question)
    {
        if (!responder.Index.TryGetValue(question.Name, out List<OwnedRecord>? records))
        {
            return [];
        }

        List<OwnedRecord> matches = records.FindAll(owned =>
            question.Covers(owned.Record.Type, owned.Record.Class) && (owned.Record.Type != RecordType.Nsec || question.Type == RecordType.Nsec));

        // Section 6.1: on a name that is ours alone, "there is none" is an answer too.
        return matches.Count > 0 ? matches : records.FindAll(owned => owned.Record.Type == RecordType.Nsec);
    }

    // Section 7.1: the asker has it, with at least half of its life left.
    private static bool Suppresses(DnsRecord known, OwnedRecord answer) =>
        known.TtlSeconds >= answer.Record.TtlSeconds / 2 && known.SameAs(answer.Record);

    // Section 7.2: the rest of a truncated query, which has no questions of its own.
    private void SuppressPending(IReadOnlyList<DnsRecord> known, IPEndPoint source)
    {
        foreach (PendingReply reply in _pending.Where(reply => source.Equals(reply.Source)))
        {
            reply.Answers.RemoveAll(answer => known.Any(record => Suppresses(record, answer)));
        }
    }

    private void Enqueue(PendingReply reply, bool isTruncated)
    {
        if (reply.Answers.Count == 0)
        {
            return;
        }

        if (_pending.Count >= MaxPending)
        {
            Context.Counters.Dropped(DropReason.RepliesFull);
            return;
        }

        bool isShared = reply.Answers.Exists(answer => answer.IsShared);
        TimeSpan delay = isTruncated ? Context.RandomDelay(400, 500) : isShared ? Context.RandomDelay(20, 120) : TimeSpan.Zero;
        EnqueueAfter(reply, delay);
    }

    private void EnqueueAfter(PendingReply reply, TimeSpan delay)
    {
        _pending.Add(reply);
        reply.Step = Context.Scheduler.Schedule(delay, () => Send(reply));
    }

    private void Send(PendingReply reply)
    {
        _pending.Remove(reply);
        TimeSpan now = Context.Now;
        reply.Answers.RemoveAll(answer => responder.Index.GetValueOrDefault(answer.Record.Name)?.Contains(answer) != true);
        if (reply.IsAlone && reply.Source is IPEndPoint source)
        {
            SendAlone(reply.Answers, source);
            return;
        }

        // Already said to everybody since the question came.
        reply.Answers.RemoveAll(answer => answer.LastMulticast >= reply.ReceivedAt && !reply.IsRescue);
        TimeSpan interval = reply.IsProbe ? MinDefenceInterval : MinInterval;
        List<OwnedRecord> tooSoon = reply.Answers.FindAll(answer => answer.WasMulticastWithin(interval, now));
        reply.Answers.RemoveAll(tooSoon.Contains);
        if (reply.Answers.Count > 0)
        {
            Context.Counters.Answered(reply.Answers.Count);
            responder.Multicast(reply.Answers);
        }

        if (tooSoon.Count > 0)
        {
            TimeSpan last = tooSoon.Max(answer => answer.LastMulticast!.Value);
            EnqueueAfter(reply with { Answers = tooSoon }, last + interval - now);
        }
    }

    private void SendAlone(List<OwnedRecord> answers, IPEndPoint destination)
    {
        Context.Counters.Answered(answers.Count);
        List<OwnedRecord> additionals = AdditionalRecords.For(answers, responder.Index);
        foreach (ReadOnlyMemory<byte> packet in MessageComposer.Response(
            answers.Select(owned => owned.Record), additionals.Select(owned => owned.Record)))
        {
            Context.Unicast(responder.Link.Index, destination, packet.Span);
        }
    }

    private void SendLegacy(DnsMessage query, IPEndPoint source, List<OwnedRecord> answers)
    {
        if (answers.Count == 0)
        {
            return;
        }

        Context.Counters.Answered(answers.Count);
        IEnumerable<OwnedRecord> additionals = AdditionalRecords.For(answers, responder.Index).Where(owned => owned.Record.Type != RecordType.Nsec);
        ReadOnlyMemory<byte> packet = MessageComposer.LegacyResponse(
            query.Id, query.Questions, answers.Where(owned => owned.Record.Type != RecordType.Nsec).Select(owned => owned.Record), additionals.Select(owned => owned.Record));
        Context.Unicast(responder.Link.Index, source, packet.Span);
    }

    private sealed record PendingReply(IPEndPoint? Source, TimeSpan ReceivedAt, List<OwnedRecord> Answers, bool IsAlone, bool IsProbe)
    {
        public ScheduledAction? Step { get; set; }

        /// <summary>Nobody asked.</summary>
        public bool IsRescue => Source is null;
    }
}
