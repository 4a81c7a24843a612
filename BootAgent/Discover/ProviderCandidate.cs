using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <param name="FoundBy">How it became known, in words: <c>the command line</c>.</param>
internal sealed record ProviderCandidate(ProviderUrl Url, string FoundBy)
{
    public override string ToString() => Url.Text;
}
