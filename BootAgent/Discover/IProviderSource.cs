namespace PhaseMesh.BootAgent.Discover;

/// <summary>One way to find providers, searching in the background from its start on. What it finds is a hint where to look.</summary>
internal interface IProviderSource : IAsyncDisposable
{
    /// <summary>Follows "by": <c>mDNS</c>.</summary>
    string Name { get; }

    ProviderTier Tier { get; }

    /// <summary>All it knows now, best first; a bounded number.</summary>
    IReadOnlyList<ProviderCandidate> Candidates { get; }

    /// <summary>Completes when there may be something new since it was read.</summary>
    Task Changed { get; }

    /// <summary>False: whoever could be found has been found, or it cannot search at all.</summary>
    bool IsSearching { get; }

    /// <summary>It has asked once all that it can ask, so that somebody new is now unlikely.</summary>
    bool HasLookedAround { get; }

    /// <summary>Begins anew for another round; what is known stays known.</summary>
    void SearchAgain();

    /// <summary>What the search came to, for a failure's message; follows "and".</summary>
    /// <param name="searched">How long it was given.</param>
    /// <param name="foundSome">Somebody was found, and failed.</param>
    string Outcome(TimeSpan searched, bool foundSome);
}
