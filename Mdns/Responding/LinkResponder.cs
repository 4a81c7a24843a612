using System.Net;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Responding;

/// <summary>The answering side of one link: its claims, what they own here, and the packets that go out for them.</summary>
internal sealed class LinkResponder
{
    private static readonly TimeSpan MinMulticastInterval = TimeSpan.FromSeconds(1);
    private readonly List<LinkClaim> _claims = [];
    private readonly List<(DnsQuestion Question, IReadOnlyList<DnsRecord> Proposed)> _probes = [];
    private readonly List<OwnedRecord> _announcements = [];
    private readonly ReplyQueue _replies;
    private readonly UnicastWindow _unicastWindow;
    private Dictionary<DnsName, List<OwnedRecord>>? _index;
    private bool _isFlushScheduled;
    private TimeSpan _nextProbing;

    public LinkResponder(NodeContext context, Responder node, NetworkLink link, UnicastWindow unicastWindow)
    {
        _unicastWindow = unicastWindow;
        Context = context;
        Node = node;
        Link = link;
        _replies = new ReplyQueue(this);
    }

    public NodeContext Context { get; }

    public Responder Node { get; }

    public NetworkLink Link { get; private set; }

    /// <summary>Records of established claims by name.</summary>
    public Dictionary<DnsName, List<OwnedRecord>> Index => _index ??= BuildIndex();

    public void Add(Claim claim)
    {
        // Section 8.1: a random 0 to 250 ms first, so that machines powered on together do not probe together. Claims made meanwhile join in:
        // a node with many services sends three probe packets, not three for each.
        TimeSpan now = Context.Now;
        if (_nextProbing <= now)
        {
            _nextProbing = now + Context.RandomDelay(0, 250);
        }

        var linkClaim = new LinkClaim(claim, this);
        _claims.Add(linkClaim);
        linkClaim.BeginProbing(_nextProbing - now);
    }

    public void Refresh(Claim claim) => Find(claim)?.Refresh();

    public void Restart(Claim claim, TimeSpan delay) => Find(claim)?.BeginProbing(delay);

    public void OnLinkChanged(NetworkLink link)
    {
        Link = link;
        Refresh(Node.Host);
    }

    public void Stop()
    {
        _claims.ForEach(claim => claim.Stop());
        _claims.Clear();
        _replies.Clear();
        _index = null;
    }

    /// <summary>Stops answering for these names and tells the link so (RFC 6762 section 10.1).</summary>
    public void Withdraw(IReadOnlyCollection<Claim> claims)
    {
        List<OwnedRecord> leaving = [.. _claims.Where(claim => claim.IsEstablished && claims.Contains(claim.Claim)).SelectMany(claim => claim.Records)];
        foreach (LinkClaim claim in _claims.Where(claim => claims.Contains(claim.Claim)))
        {
            claim.Stop();
        }

        _claims.RemoveAll(claim => claims.Contains(claim.Claim));
        _index = null;
        SendGoodbye(leaving);
    }

    /// <summary>Where the old name was not contested, it is ours to take back. Where it was, its records are another machine's now.</summary>
    public void SayGoodbyeBeforeRename(Claim claim)
    {
        if (Find(claim) is { IsEstablished: true } linkClaim)
        {
            linkClaim.Stop();
            _index = null;
            SendGoodbye(linkClaim.Records);
        }
    }

    public void OnRecordsChanged() => _index = null;

    public void OnQuery(DnsMessage query, IPEndPoint source, bool toMulticast)
    {
        foreach (IGrouping<DnsName, DnsRecord> proposed in query.Authorities.GroupBy(record => record.Name))
        {
            _claims.Find(claim => claim.Claim.Name.Equals(proposed.Key))?.OnForeignProbe(proposed);
        }

        _replies.OnQuery(query, source, toMulticast);
    }

    public void OnResponse(DnsMessage response)
    {
        foreach (DnsRecord record in response.Answers.Concat(response.Additionals))
        {
            if (record.Class != RecordClass.Internet)
            {
                continue;
            }

            if (FindLive(record) is OwnedRecord ours)
            {
                OnOwnRecordSeen(ours, record);
            }
            else if (record.TtlSeconds > 0 && record.Type != RecordType.Nsec
                && _claims.Find(claim => claim.Claim.Name.Equals(record.Name)) is LinkClaim claim
                && !claim.Records.Any(owned => owned.Record.SameAs(record)))
            {
                claim.OnForeignRecord(record);
            }
        }
    }

    public void QueueProbe(DnsQuestion question, IReadOnlyList<DnsRecord> proposed)
    {
        _probes.Add((question, proposed));
        ScheduleFlush();
    }

    public void QueueAnnouncement(IEnumerable<OwnedRecord> records)
    {
        _announcements.AddRange(records);
        ScheduleFlush();
    }

    /// <summary>One multicast response; notes the time on every record it carries.</summary>
    public void Multicast(IReadOnlyCollection<OwnedRecord> answers)
    {
        TimeSpan now = Context.Now;
        List<OwnedRecord> additionals =
            [.. AdditionalRecords.For(answers, Index).Where(owned => !owned.WasMulticastWithin(MinMulticastInterval, now))];
        foreach (OwnedRecord owned in answers.Concat(additionals))
        {
            owned.LastMulticast = now;
        }

        Send(MessageComposer.Response(answers.Select(owned => owned.Record), additionals.Select(owned => owned.Record)));
    }

    // Section 6.6: a twin said goodbye to, or is about to let go, a record that still holds here.
    private void OnOwnRecordSeen(OwnedRecord ours, DnsRecord seen)
    {
        if (seen.TtlSeconds < ours.Record.TtlSeconds / 2)
        {
            _replies.Rescue(ours);
        }
        else
        {
            _replies.OnAnsweredByOther(ours);
        }
    }

    private OwnedRecord? FindLive(DnsRecord record) => Index.GetValueOrDefault(record.Name)?.Find(owned => owned.Record.SameAs(record));

    private LinkClaim? Find(Claim claim) => _claims.Find(known => known.Claim == claim);

    private void ScheduleFlush()
    {
        // What becomes due at one moment goes out in one packet.
        if (!_isFlushScheduled)
        {
            _isFlushScheduled = true;
            Context.Scheduler.Schedule(TimeSpan.Zero, Flush);
        }
    }

    private void Flush()
    {
        _isFlushScheduled = false;
        if (_probes.Exists(probe => probe.Question.UnicastResponse))
        {
            _unicastWindow.Open(Context.Now);
        }

        Send(MessageComposer.Probe(_probes));
        _probes.Clear();

        TimeSpan now = Context.Now;
        List<OwnedRecord> announced = [.. _announcements
            .Select(owned => FindLive(owned.Record))
            .OfType<OwnedRecord>()
            .Distinct()
            .Where(owned => !owned.WasMulticastWithin(MinMulticastInterval, now))];
        _announcements.Clear();
        Multicast(announced);
    }

    private void SendGoodbye(IEnumerable<OwnedRecord> records)
    {
        // Two services share the PTR to their type: it stays while one of them does.
        IEnumerable<DnsRecord> gone = Distinct(records)
            .Select(owned => owned.Record)
            .Where(record => record.Type != RecordType.Nsec && FindLive(record) is null)
            .Select(record => record with { TtlSeconds = 0 });
        Send(MessageComposer.Response(gone, []));
    }

    private void Send(List<ReadOnlyMemory<byte>> packets)
    {
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            Context.Multicast(Link.Index, packet.Span);
        }
    }

    private static IEnumerable<OwnedRecord> Distinct(IEnumerable<OwnedRecord> records) => records.DistinctBy(owned => owned.Record);

    private Dictionary<DnsName, List<OwnedRecord>> BuildIndex()
    {
        var index = new Dictionary<DnsName, List<OwnedRecord>>();
        foreach (OwnedRecord owned in Distinct(_claims.Where(claim => claim.IsEstablished).SelectMany(claim => claim.Records)))
        {
            if (!index.TryGetValue(owned.Record.Name, out List<OwnedRecord>? records))
            {
                index[owned.Record.Name] = records = [];
            }

            records.Add(owned);
        }

        return index;
    }
}
