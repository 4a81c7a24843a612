using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>What one provider answered when asked for the manifest: a well-formed manifest, not yet trusted, or what went wrong.</summary>
/// <param name="Directory">Below the provider's URL, where the manifest was: empty or <c>/stable/x86_64</c>.</param>
internal sealed record ManifestOffer(
    ProviderCandidate Provider, BootManifest? Manifest, string Directory, FetchFault? Fault, string? FormatError)
{
    public string Problem => FormatError ?? Fault?.Detail ?? string.Empty;

    /// <summary>From asking, the last time, to the manifest's last byte.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Nobody answered, or not to the end: a moment later it may be better.</summary>
    public bool IsTransient => Fault is { IsTransient: true };
}
