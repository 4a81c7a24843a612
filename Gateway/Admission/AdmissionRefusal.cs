using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Admission;

/// <summary>What was full.</summary>
internal enum AdmissionLimit
{
    Streams,
    SiteStreams,
    ClientStreams,
    Queue,
}

/// <param name="Full">The limit that was met; <see cref="AdmissionLimit.Queue"/> when there was no room to wait either.</param>
/// <param name="Limit">Its number.</param>
/// <param name="InUse">How many of it were taken.</param>
/// <param name="Waiting">Requests that wait, of all clients.</param>
internal sealed record AdmissionRefusal(
    AdmissionLimit Full, int Limit, int InUse, int Waiting, int QueueLimit, TimeSpan Waited, int RetryAfterSeconds)
{
    private string What => Full switch
    {
        AdmissionLimit.ClientStreams => $"{InUse} downloads of this client are under way, and {Limit} may be",
        AdmissionLimit.SiteStreams => $"{InUse} downloads of this site are under way, and {Limit} may be",
        AdmissionLimit.Queue => $"{InUse} requests wait for a download to end, and {Limit} may",
        _ => $"{InUse} downloads are under way, and {Limit} may be",
    };

    public Unavailability ToAnswer() => new(
        $"{What}; {Waiting} of {QueueLimit} wait{(Waited > TimeSpan.Zero ? $", this one did for {Waited.TotalSeconds:0.0} s" : "")}. "
        + $"Come back in {RetryAfterSeconds} s; the place in the order of arrival is kept.")
    {
        Title = "Busy",
        RetryAfterSeconds = RetryAfterSeconds,
        Full = new FullLimit(Full.ToString(), Limit, InUse, Waiting, QueueLimit),
    };
}
