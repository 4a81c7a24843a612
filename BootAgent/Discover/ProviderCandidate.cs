using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <param name="FoundBy">How it became known, in words: <c>the command line</c>.</param>
/// <param name="PeerId">What it calls itself, not proven; null when it does not say.</param>
internal sealed record ProviderCandidate(ProviderUrl Url, string FoundBy, string? PeerId = null)
{
    public override string ToString() => Url.Text;
}
