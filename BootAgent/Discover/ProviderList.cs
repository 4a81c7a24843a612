using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// The one ranked list that every way of discovery feeds: the order of adding is the rank, and a provider found twice keeps its
/// better one.
/// </summary>
internal sealed class ProviderList
{
    private readonly List<ProviderCandidate> _candidates = [];

    public IReadOnlyList<ProviderCandidate> Ranked => _candidates;

    public bool Add(ProviderUrl url, string foundBy)
    {
        if (_candidates.Any(candidate => candidate.Url == url))
        {
            return false;
        }

        _candidates.Add(new ProviderCandidate(url, foundBy));
        return true;
    }
}
