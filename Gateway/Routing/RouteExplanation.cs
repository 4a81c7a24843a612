using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <summary>What the picker would do for a digest now, and why.</summary>
/// <param name="DirectoryVersion">Of the snapshot that named the candidates.</param>
/// <param name="ChosenProviderId">The candidate of the lowest cost, null when none may be asked; real picks look at a few, at
/// random.</param>
/// <param name="Candidates">Best first.</param>
internal sealed record RouteExplanation(
    Sha256Digest Digest,
    string? ClientSite,
    long DirectoryVersion,
    string? ChosenProviderId,
    IReadOnlyList<RouteCandidate> Candidates);

/// <param name="Distance">Of the replica from the client.</param>
/// <param name="InFlight">Transfers of this gateway.</param>
/// <param name="OthersInFlight">Requests of others, by the last probe, aged.</param>
/// <param name="SentBytes">What it sent this gateway, of all artifacts.</param>
/// <param name="FirstByteMilliseconds">Expected wait for the first byte; null before anything was measured.</param>
/// <param name="RateBytesPerSecond">Measured rate of all transfers together; null before anything was measured.</param>
/// <param name="ExpectedMilliseconds">Until one more chunk of 1 MiB would be here.</param>
/// <param name="Cost"><paramref name="ExpectedMilliseconds"/> with distance and weight: what choices compare. Null when it may not be
/// asked.</param>
/// <param name="CoolsForMilliseconds">How long it stays cooled down; 0 when it is not.</param>
/// <param name="Reason">One sentence for people.</param>
internal sealed record RouteCandidate(
    string ProviderId,
    Uri BaseUrl,
    string? Site,
    string? Rack,
    ReplicaDistance Distance,
    double Weight,
    ReplicaStanding Standing,
    int InFlight,
    double OthersInFlight,
    long SentBytes,
    double? FirstByteMilliseconds,
    double? RateBytesPerSecond,
    double ExpectedMilliseconds,
    double? Cost,
    double CoolsForMilliseconds,
    string Reason);

internal enum ReplicaDistance
{
    SameRack,
    SameSite,

    /// <summary>Another site, or not known.</summary>
    Elsewhere,
}

/// <summary>What a replica may be asked for now.</summary>
internal enum ReplicaStanding
{
    Ready,

    /// <summary>New, or back again: takes a few transfers at a time, more with each that ends well.</summary>
    Warming,

    /// <summary>Failed lately: asked only when no other may be.</summary>
    Cooling,

    /// <summary>Not healthy by the directory.</summary>
    Unhealthy,

    /// <summary>The operator's weight is 0.</summary>
    Unwanted,

    /// <summary>Sent wrong bytes and was not pardoned.</summary>
    Excluded,
}
