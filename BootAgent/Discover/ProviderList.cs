using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// The one ranked list that every way of discovery feeds: nearer tiers first, within a tier the order of adding, and a provider found
/// twice keeps its better rank. Used by one flow at a time.
/// </summary>
internal sealed class ProviderList
{
    /// <summary>Of one tier: whoever floods the LAN or the DHT must neither fill this machine's memory nor crowd out the others.</summary>
    public const int MaxPerTier = 128;

    private readonly List<ProviderCandidate> _candidates = [];
    private readonly HashSet<ProviderUrl> _dropped = [];

    public IReadOnlyList<ProviderCandidate> Ranked => _candidates;

    /// <summary>Those that may be asked, best first.</summary>
    public IEnumerable<ProviderCandidate> Usable => _candidates.Where(candidate => !_dropped.Contains(candidate.Url));

    /// <returns>Whether it is new.</returns>
    public bool Add(ProviderCandidate candidate)
    {
        int known = _candidates.FindIndex(each => each.Url == candidate.Url);
        bool isFull = _candidates.Count(each => each.Tier == candidate.Tier) >= MaxPerTier;
        if (isFull || (known >= 0 && _candidates[known].Tier <= candidate.Tier))
        {
            return false;
        }

        if (known >= 0)
        {
            _candidates.RemoveAt(known);
        }

        _candidates.Insert(_candidates.FindLastIndex(each => each.Tier <= candidate.Tier) + 1, candidate);
        return known < 0;
    }

    /// <summary>They are not asked again until <see cref="Forgive"/>.</summary>
    public void Drop(IEnumerable<ProviderCandidate> candidates) => _dropped.UnionWith(candidates.Select(candidate => candidate.Url));

    /// <summary>A new round: who failed may have been repaired.</summary>
    public void Forgive() => _dropped.Clear();
}
