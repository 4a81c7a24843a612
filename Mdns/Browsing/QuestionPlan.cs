using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>
/// Which questions are asked on one link and when: at once, then after 1, 2, 4 ... seconds, at most an hour apart (RFC 6762 section
/// 5.2). Questions due at one moment share a packet.
/// </summary>
internal sealed class QuestionPlan(NodeContext context, Action<IReadOnlyCollection<DnsQuestion>> ask)
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(60);
    private readonly Dictionary<(DnsName Name, RecordType Type), ScheduledAction> _planned = [];
    private readonly Dictionary<(DnsName Name, RecordType Type), DnsQuestion> _due = [];

    public IReadOnlyCollection<(DnsName Name, RecordType Type)> Planned => _planned.Keys;

    public void Start(DnsName name, RecordType type, TimeSpan delay)
    {
        if (!_planned.ContainsKey((name, type)))
        {
            Plan(name, type, delay, FirstInterval, isFirst: true);
        }
    }

    public void Stop(DnsName name, RecordType type)
    {
        if (_planned.Remove((name, type), out ScheduledAction? action))
        {
            action.Cancel();
        }
    }

    public void StopAll()
    {
        foreach (ScheduledAction action in _planned.Values)
        {
            action.Cancel();
        }

        _planned.Clear();
        _due.Clear();
    }

    /// <summary>Asks once, with whatever else is due now.</summary>
    public void AskNow(DnsName name, RecordType type, bool unicastResponse = false)
    {
        if (_due.Count == 0)
        {
            context.Scheduler.Schedule(TimeSpan.Zero, Flush);
        }

        _due.TryAdd((name, type), new DnsQuestion(name, type, unicastResponse));
    }

    private void Plan(DnsName name, RecordType type, TimeSpan delay, TimeSpan next, bool isFirst) =>
        _planned[(name, type)] = context.Scheduler.Schedule(delay, () =>
        {
            // The first question may be answered to us alone, unless a neighbour program could swallow the reply.
            AskNow(name, type, unicastResponse: isFirst && !context.Network.SharesPort);
            Plan(name, type, next, next * 2 > LongestInterval ? LongestInterval : next * 2, isFirst: false);
        });

    private void Flush()
    {
        if (_due.Count > 0)
        {
            ask([.. _due.Values]);
            _due.Clear();
        }
    }
}
