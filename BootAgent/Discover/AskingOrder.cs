using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Who may be asked for a manifest at which moment of one attempt.
/// 1. Nearer tiers have a head start while they may still come to something: those named before the LAN, the LAN before the DHT.
/// 2. Once somebody is usable, only others of that tier or a nearer one join, and only until they have had time to be heard.
/// 3. Of a provider with several addresses the best is asked first, the next when that fails or is slow: the name is not proven, and a
///    false announcement must not keep the true provider out.
/// </summary>
internal sealed class AskingOrder(
    ProviderList providers, IReadOnlyList<IProviderSource> sources, DiscoveryLimits limits, TimeProvider time, long roundStarted)
{
    private readonly HashSet<ProviderUrl> _asked = [];
    private readonly HashSet<ProviderUrl> _failed = [];
    private readonly Dictionary<string, TimeSpan> _nextAddress = [];
    private readonly Dictionary<ProviderTier, TimeSpan> _firstHeard = [];
    private Task[] _changes = [];
    private TimeSpan _lookedAt;

    private TimeSpan Elapsed => time.GetElapsedTime(roundStarted);

    /// <summary>Those who may be asked now, best first. They count as asked from here on.</summary>
    /// <param name="usable">The nearest tier that has offered a trusted manifest, if any has.</param>
    /// <param name="running">Requests under way.</param>
    public IReadOnlyList<ProviderCandidate> Take(ProviderTier? usable, int running)
    {
        _changes = [.. sources.Select(source => source.Changed)];
        _lookedAt = Elapsed;
        foreach (ProviderCandidate candidate in sources.SelectMany(source => source.Candidates))
        {
            providers.Add(candidate);
        }

        int room = Math.Min(limits.MaxAsked - running, limits.MaxAskedInAll - _asked.Count);
        List<ProviderCandidate> taken = [];
        foreach (ProviderCandidate candidate in providers.Usable)
        {
            _firstHeard.TryAdd(candidate.Tier, _lookedAt);
            if (taken.Count < room && !_asked.Contains(candidate.Url) && MayAsk(candidate.Tier, usable) && IsNextAddress(candidate))
            {
                taken.Add(candidate);
                _asked.Add(candidate.Url);
            }
        }

        return taken;
    }

    /// <summary>It has not delivered, though it may be tried again: whoever waited for it may go on.</summary>
    public void Failed(ProviderCandidate candidate)
    {
        _failed.Add(candidate.Url);
        if (candidate.PeerId is { } peer)
        {
            _nextAddress[peer] = TimeSpan.Zero;
        }
    }

    /// <summary>It has delivered: its other addresses are the same source.</summary>
    public void Succeeded(ProviderCandidate candidate)
    {
        if (candidate.PeerId is { } peer)
        {
            _nextAddress[peer] = TimeSpan.MaxValue;
        }
    }

    /// <summary>How long into the round somebody of the tier was first known to this attempt; null: nobody is.</summary>
    public TimeSpan? FirstHeard(ProviderTier tier) => _firstHeard.TryGetValue(tier, out TimeSpan heard) ? heard : null;

    /// <summary>Others of the tier have had their time to be heard.</summary>
    public bool HasSettled(ProviderTier tier) =>
        tier == ProviderTier.CommandLine || Elapsed >= _firstHeard.GetValueOrDefault(tier) + limits.Settle;

    /// <summary>Somebody who has not been asked may still have a turn in this attempt, known or not.</summary>
    /// <param name="everybodyRefused">All that were asked have given a wrong answer.</param>
    public bool MayFindMore(bool everybodyRefused) =>
        (_asked.Count < limits.MaxAskedInAll && providers.Usable.Any(candidate => !_asked.Contains(candidate.Url) && !IsSpent(candidate)))
        || sources.Any(source => source.IsSearching && Elapsed < SearchEnd(source, everybodyRefused));

    /// <summary>Until a request ends, a source has news, or somebody's time to be asked has come.</summary>
    public async Task WaitAsync(IEnumerable<Task> running, ProviderTier? usable, bool everybodyRefused, CancellationToken cancellationToken)
    {
        IEnumerable<TimeSpan> due =
        [
            .. Enum.GetValues<ProviderTier>().Select(HeadStartOf),
            .. _nextAddress.Values,
            .. usable is { } tier ? [_firstHeard.GetValueOrDefault(tier) + limits.Settle] : Array.Empty<TimeSpan>(),
            .. sources.Select(source => SearchEnd(source, everybodyRefused)),
        ];
        TimeSpan next = due.Where(each => each > _lookedAt && each < TimeSpan.MaxValue).DefaultIfEmpty(TimeSpan.MaxValue).Min();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TimeSpan left = next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : next > Elapsed ? next - Elapsed : TimeSpan.Zero;
        await Task.WhenAny([.. running, .. _changes, Task.Delay(left, time, stop.Token)]);
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private bool MayAsk(ProviderTier tier, ProviderTier? usable) => usable is { } found
        ? tier <= found && !HasSettled(found)
        : _lookedAt >= HeadStartOf(tier) || IsNobodyNearer(tier);

    /// <summary>When the tier's turn comes at the latest: after a head start of every nearer one that is in play.</summary>
    private TimeSpan HeadStartOf(ProviderTier tier)
    {
        bool someNamed = providers.Ranked.Any(candidate => candidate.Tier == ProviderTier.CommandLine);
        int nearer = (tier > ProviderTier.CommandLine && someNamed ? 1 : 0)
            + sources.Count(source => source.Tier < tier && source.IsSearching);
        return limits.HeadStart * nearer;
    }

    private bool IsNobodyNearer(ProviderTier tier) =>
        !sources.Any(source => source.Tier < tier && source.IsSearching)
        && providers.Usable.Where(candidate => candidate.Tier < tier).All(candidate => _failed.Contains(candidate.Url));

    private bool IsNextAddress(ProviderCandidate candidate)
    {
        if (candidate.PeerId is not { } peer)
        {
            return true;
        }

        if (_nextAddress.TryGetValue(peer, out TimeSpan due) && _lookedAt < due)
        {
            return false;
        }

        _nextAddress[peer] = _lookedAt + limits.NextAddressAfter;
        return true;
    }

    private bool IsSpent(ProviderCandidate candidate) =>
        candidate.PeerId is { } peer && _nextAddress.GetValueOrDefault(peer) == TimeSpan.MaxValue;

    private TimeSpan SearchEnd(IProviderSource source, bool everybodyRefused) =>
        everybodyRefused && source.HasLookedAround && limits.SearchLimitAfterRefusals < limits.SearchLimit
            ? limits.SearchLimitAfterRefusals
            : limits.SearchLimit;
}
