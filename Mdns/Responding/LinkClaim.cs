using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>
/// One claim on one link: probe three times, announce twice, then answer (RFC 6762 section 8).
/// <code>
/// Probing --3 x 250 ms, nobody objects--> Established --someone uses the name--> Probing
///    |  lost the tie-break: wait 1 s, probe again
///    |  answered: rename, probe again on every link
/// </code>
/// </summary>
internal sealed class LinkClaim(Claim claim, LinkResponder responder)
{
    private const int ProbeCount = 3;
    private const int AnnouncementCount = 2;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LostTieBreakPause = TimeSpan.FromSeconds(1);

    private ScheduledAction? _step;
    private int _probesSent;
    private int _announcementsLeft;
    private TimeSpan? _lastAnnounced;

    public Claim Claim => claim;

    public bool IsEstablished { get; private set; }

    /// <summary>What is, or once established will be, answered here; the NSEC is last among the unique ones.</summary>
    public IReadOnlyList<OwnedRecord> Records { get; private set; } = [];

    private IEnumerable<DnsRecord> Proposed =>
        Records.Where(owned => !owned.IsShared && owned.Record.Type != RecordType.Nsec).Select(owned => owned.Record);

    public void BeginProbing(TimeSpan delay)
    {
        IsEstablished = false;
        _probesSent = 0;
        Rebuild();
        After(delay, Probe);
    }

    /// <summary>The content changed under the same name: no new probe is needed, only announcements (section 8.4).</summary>
    public void Refresh()
    {
        Rebuild();
        if (IsEstablished)
        {
            _announcementsLeft = AnnouncementCount;
            TimeSpan sinceLast = _lastAnnounced is TimeSpan last ? responder.Context.Now - last : AnnounceInterval;
            After(sinceLast >= AnnounceInterval ? TimeSpan.Zero : AnnounceInterval - sinceLast, Announce);
        }
    }

    public void Stop()
    {
        _step?.Cancel();
        IsEstablished = false;
    }

    /// <summary>Somebody else probes for the name (section 8.2).</summary>
    public void OnForeignProbe(IEnumerable<DnsRecord> proposed)
    {
        if (!IsEstablished && _probesSent > 0 && ProbeTieBreak.Compare(Proposed, proposed) < 0)
        {
            BeginProbing(LostTieBreakPause);
        }
    }

    /// <summary>A response has a record under our name that is not one of ours.</summary>
    public void OnForeignRecord(DnsRecord record)
    {
        if (!IsEstablished)
        {
            if (_probesSent > 0)
            {
                responder.Node.OnNameTaken(claim);
            }
        }
        else if (Proposed.Any(ours => ours.Type == record.Type))
        {
            // Section 9: go back to probing; whoever then defends the name keeps it.
            responder.Context.Notice(MdnsNoticeKind.Conflict, $"'{claim.Name}' on {responder.Link.Name} is also answered as {record.Data}; claiming it again.");
            BeginProbing(claim.NextAttemptDelay(responder.Context.Now));
            responder.OnRecordsChanged();
        }
    }

    private void Probe()
    {
        if (_probesSent == ProbeCount)
        {
            IsEstablished = true;
            responder.OnRecordsChanged();
            _announcementsLeft = AnnouncementCount;
            Announce();
            return;
        }

        // Section 8.1: asking for a unicast reply makes the defence immediate, unless a neighbour program could swallow it.
        var question = new DnsQuestion(claim.Name, RecordType.Any, UnicastResponse: !responder.Context.Network.SharesPort);
        responder.QueueProbe(question, [.. Proposed.Select(record => record with { CacheFlush = false })]);
        _probesSent++;
        After(ProbeInterval, Probe);
    }

    private void Announce()
    {
        _lastAnnounced = responder.Context.Now;
        _announcementsLeft--;
        responder.QueueAnnouncement(Records);
        claim.OnAnnounced();
        if (_announcementsLeft > 0)
        {
            After(AnnounceInterval, Announce);
        }
    }

    private void Rebuild()
    {
        IReadOnlyList<OwnedRecord> previous = Records;
        IReadOnlyList<DnsRecord> unique = claim.UniqueRecords(responder.Link);
        RecordType[] types = [.. unique.Select(record => record.Type).Distinct()];
        var close = new DnsRecord(claim.Name, NextSecureData.For(claim.Name, types), Claim.HostTtlSeconds, CacheFlush: true);
        Records =
        [
            .. unique.Append(close).Select(record => Own(record, isShared: false)),
            .. claim.SharedRecords().Select(record => Own(record, isShared: true)),
        ];
        responder.OnRecordsChanged();

        OwnedRecord Own(DnsRecord record, bool isShared) =>
            previous.FirstOrDefault(owned => owned.Record.Equals(record)) ?? new OwnedRecord(record, isShared);
    }

    private void After(TimeSpan delay, Action run)
    {
        _step?.Cancel();
        _step = responder.Context.Scheduler.Schedule(delay, run);
    }
}
