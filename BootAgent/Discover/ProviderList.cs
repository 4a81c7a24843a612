using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// The one ranked list that every way of discovery feeds: the order of adding is the rank, and a provider found twice keeps its
/// better one. Used by one flow at a time.
/// </summary>
internal sealed class ProviderList
{
    private readonly List<ProviderCandidate> _candidates = [];
    private readonly HashSet<ProviderCandidate> _asked = [];
    private readonly HashSet<ProviderCandidate> _dropped = [];

    public IReadOnlyList<ProviderCandidate> Ranked => _candidates;

    /// <summary>Some have not been asked yet.</summary>
    public bool HasUnasked => _asked.Count < _candidates.Count;

    public bool Add(ProviderUrl url, string foundBy, string? peerId = null)
    {
        if (Contains(url))
        {
            return false;
        }

        _candidates.Add(new ProviderCandidate(url, foundBy, peerId));
        return true;
    }

    public bool Contains(ProviderUrl url) => _candidates.Exists(candidate => candidate.Url == url);

    /// <summary>
    /// Whom to ask now: those asked before and not dropped, who may have come to life, and new ones up to a limit. Of a peer with several
    /// addresses only the best is asked first, so that it is not taken for several sources. Should that fail, the others have their turn:
    /// the name is not proven, and a false announcement must not keep the true peer out.
    /// </summary>
    public IReadOnlyList<ProviderCandidate> TakeTurn(int maxNew = DiscoveryLimits.MaxNewProviders)
    {
        HashSet<string> known = [.. _asked.Select(candidate => candidate.PeerId).OfType<string>()];
        HashSet<string> inTurn = [];
        List<ProviderCandidate> turn = [];
        foreach (ProviderCandidate candidate in _candidates.Except(_dropped))
        {
            bool isNew = !_asked.Contains(candidate);
            bool isSecondAddress = isNew && candidate.PeerId is { } peer && !known.Contains(peer) && !inTurn.Add(peer);
            if (!isSecondAddress && (!isNew || maxNew-- > 0))
            {
                turn.Add(candidate);
            }
        }

        _asked.UnionWith(turn);
        return turn;
    }

    /// <summary>Never asks them again in this boot.</summary>
    public void Drop(IEnumerable<ProviderCandidate> candidates) => _dropped.UnionWith(candidates);
}
