namespace PhaseMesh.Gateway.Admission;

/// <summary>What goes on now and went on since the start.</summary>
/// <param name="Active">Downloads that count.</param>
/// <param name="Slow">Downloads whose clients are far slower than others, which don't count.</param>
/// <param name="Admitted">Downloads that began.</param>
/// <param name="Waited">Requests that waited, whatever came of it.</param>
/// <param name="You">Of the client that asks.</param>
internal sealed record AdmissionReport(
    int Active, int Slow, int WaitingBoot, int WaitingBulk, long Admitted, long Waited, double WaitedSeconds, AdmissionRefusals RefusedBy,
    AdmissionLimits Limits, AdmissionShare? You)
{
    public int Waiting => WaitingBoot + WaitingBulk;

    public long Refused => RefusedBy.Streams + RefusedBy.SiteStreams + RefusedBy.ClientStreams + RefusedBy.Queue;
}

/// <summary>By the limit that was met.</summary>
internal sealed record AdmissionRefusals(long Streams, long SiteStreams, long ClientStreams, long Queue);

/// <summary>Null: none. Rates are bytes a second.</summary>
internal sealed record AdmissionLimits(
    int Streams, int BulkStreams, int? SiteStreams, int ClientStreams, int Waiting, double WaitSeconds, long? Rate, long? SiteRate,
    long? ClientRate);

/// <param name="Ahead">Clients that came before and wait too.</param>
internal sealed record AdmissionShare(int Streams, int Waiting, int Ahead);
