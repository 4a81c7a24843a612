using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <param name="FoundBy">How it became known, in words: <c>the command line</c>.</param>
/// <param name="PeerId">
/// The key id of the node it is said to be, not proven; null when nobody says. All ways of discovery spell it alike, see
/// <see cref="NodeName"/>.
/// </param>
internal sealed record ProviderCandidate(
    ProviderUrl Url, string FoundBy, string? PeerId = null, ProviderTier Tier = ProviderTier.CommandLine)
{
    public override string ToString() => Url.ToString();
}
