using System.Net;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Routing;

/// <param name="ClientSite">Where the client stands: <c>site</c> or <c>site/rack</c>; null when not known.</param>
/// <param name="Offset">The first byte wanted.</param>
/// <param name="LengthBytes">How many bytes the replica is about to be asked for: a chunk mostly; at least 1.</param>
internal sealed record RouteRequest(Sha256Digest Digest, string? ClientSite, IPAddress Client, long Offset, long LengthBytes);

/// <summary>Chooses the replica that will deliver a range soonest. Thread-safe, no I/O.</summary>
internal interface IReplicaPicker
{
    /// <param name="excludedProviders">Provider ids that this transfer has tried already, or hedges against; expected to be few.</param>
    /// <returns>Null when no replica may be asked now: wait a moment, or for the directory, and pick again.</returns>
    ReplicaLease? Pick(RouteRequest request, IReadOnlyCollection<string> excludedProviders);

    /// <summary>Every replica that the directory names for the digest, with its figures and what speaks for or against it now.</summary>
    RouteExplanation Explain(Sha256Digest digest, string? clientSite);
}

/// <summary>What others tell the picker about providers. Ids that the directory does not name are ignored.</summary>
internal interface IReplicaObserver
{
    /// <summary>A provider answered a probe.</summary>
    /// <param name="inFlight">Requests that it says it is serving, to anyone; negative counts as 0.</param>
    /// <param name="roundTrip">How long the probe took: believed only until bodies have been measured.</param>
    void ProbeAnswered(string providerId, int inFlight, TimeSpan roundTrip);

    /// <summary>A provider did not answer a probe: cooled down as after a failed connection.</summary>
    void ProbeFailed(string providerId);

    /// <summary>Lets a provider that sent wrong bytes take part again, warmed up as a new one.</summary>
    void Pardon(string providerId);

    /// <summary>Excludes a provider until <see cref="Pardon"/>: another gateway or an operator found it lying.</summary>
    void Exclude(string providerId);
}
