using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Whom each attempt of a boot asks; a round is a search with its attempts.
/// 1. The sources search side by side from the start; an attempt begins when there is somebody to ask, and others join it.
/// 2. After a download that failed on all its sources, an attempt with everybody else follows.
/// 3. The round ends with the last failure when nobody is left and the search is over, or there were too many attempts.
/// </summary>
internal sealed class ProviderTurns
{
    private readonly ProviderList _providers;
    private readonly IReadOnlyList<IProviderSource> _sources;
    private readonly DiscoveryLimits _limits;
    private readonly BootConsole _console;
    private long _roundStarted;
    private IReadOnlyList<ProviderCandidate> _chosen = [];
    private BootFailedException? _download;
    private int _furtherAttempts;

    public ProviderTurns(ProviderList providers, IReadOnlyList<IProviderSource> sources, DiscoveryLimits limits, BootConsole console)
    {
        (_providers, _sources, _limits, _console) = (providers, sources, limits, console);
        _roundStarted = console.Time.GetTimestamp();
        Order = NewOrder();
    }

    /// <summary>Of the attempt under way.</summary>
    public AskingOrder Order { get; private set; }

    /// <summary>How providers are found in this boot.</summary>
    public IEnumerable<ProviderTier> Ways => Enum.GetValues<ProviderTier>()
        .Where(tier => CountOf(tier) > 0 || _sources.Any(source => source.Tier == tier));

    private string Names => string.Join(" and ", _sources.Select(source => source.Name));

    /// <summary>Candidates known of that tier.</summary>
    public long CountOf(ProviderTier tier) => _providers.Ranked.Count(candidate => candidate.Tier == tier);

    /// <summary>When the attempt under way first had somebody of that tier, as a timestamp; null: it has nobody.</summary>
    public long? FirstHeardOf(ProviderTier tier) => Order.FirstHeard(tier) is { } heard
        ? _roundStarted + (long)(heard.TotalSeconds * _console.Time.TimestampFrequency)
        : null;

    /// <exception cref="BootFailedException">No provider is known and none was found.</exception>
    public async Task<IReadOnlyList<ProviderCandidate>> FirstAsync(CancellationToken cancellationToken)
    {
        if (_providers.Ranked.Count == 0)
        {
            if (_sources.Count == 0)
            {
                throw new BootFailedException(AgentExitCode.NoProvider, "no provider is known: add phase.provider=http://HOST:8080 to the "
                    + "kernel command line, or use --provider, or --discover to look for one on the LAN, or --bootstrap to look in the "
                    + "DHT");
            }

            _console.Line($"No provider given; looking for one by {Names} (at most {_limits.SearchLimit.TotalSeconds:0.#} s)");
        }

        return await FindAsync(cancellationToken) ?? throw new BootFailedException(AgentExitCode.NoProvider,
            $"no provider: none on the command line (phase.provider=) and {Outcome(everybodyRefused: false)}");
    }

    /// <summary>The attempt goes on with these; should it fail to fetch from them, they have had their chance.</summary>
    public void Choose(IEnumerable<ProviderCandidate> sources) => _chosen = [.. sources];

    /// <param name="failure">What ended the attempt before.</param>
    /// <exception cref="BootFailedException">
    /// Another provider would not help, or there is none: the failure, and what the search heard.
    /// </exception>
    public async Task<IReadOnlyList<ProviderCandidate>> NextAsync(BootFailedException failure, CancellationToken cancellationToken)
    {
        if (failure.ExitCode is AgentExitCode.NoProvider or AgentExitCode.ManifestRefused)
        {
            // Whoever could be found was asked in that attempt.
            bool wereRefused = failure.ExitCode == AgentExitCode.ManifestRefused;
            string reason = _sources.Count == 0 ? failure.Message : $"{failure.Message}. Besides, {Outcome(wereRefused)}";
            throw _download is null
                ? new BootFailedException(failure.ExitCode, reason, failure)
                : new BootFailedException(_download.ExitCode, $"{_download.Message}. Nor was it to be had elsewhere: {reason}", failure);
        }

        if (failure.ExitCode != AgentExitCode.FetchFailed || _furtherAttempts >= _limits.MaxFurtherAttempts)
        {
            throw failure;
        }

        _console.EndProgress();
        _download = failure;
        _furtherAttempts++;
        _providers.Drop(_chosen);
        Order = NewOrder();
        IReadOnlyList<ProviderCandidate> next = await FindAsync(cancellationToken)
            ?? throw (_sources.Count == 0
                ? failure
                : new BootFailedException(failure.ExitCode, $"{failure.Message}. Besides, {Outcome(everybodyRefused: true)}", failure));
        _console.Warn(failure.Message);
        return next;
    }

    /// <summary>Everybody may be asked again and the sources search anew.</summary>
    public void BeginRound()
    {
        _roundStarted = _console.Time.GetTimestamp();
        _furtherAttempts = 0;
        _download = null;
        _providers.Forgive();
        foreach (IProviderSource source in _sources)
        {
            source.SearchAgain();
        }

        Order = NewOrder();
    }

    private AskingOrder NewOrder() => new(_providers, _sources, _limits, _console.Time, _roundStarted);

    /// <returns>Null: there is nobody and the search is over.</returns>
    private async Task<IReadOnlyList<ProviderCandidate>?> FindAsync(CancellationToken cancellationToken)
    {
        // Wrong bytes were refused as finally as a wrong manifest is.
        bool everybodyRefused = _download is not null;
        while (true)
        {
            IReadOnlyList<ProviderCandidate> taken = Order.Take(usable: null, running: 0);
            if (taken.Count > 0)
            {
                return taken;
            }

            if (!Order.MayFindMore(everybodyRefused))
            {
                return null;
            }

            await Order.WaitAsync([], usable: null, everybodyRefused, cancellationToken);
        }
    }

    private string Outcome(bool everybodyRefused)
    {
        TimeSpan searched = everybodyRefused && _limits.SearchLimitAfterRefusals < _limits.SearchLimit
            ? _limits.SearchLimitAfterRefusals
            : _limits.SearchLimit;
        return string.Join("; and ", _sources.Select(source =>
            source.Outcome(searched, _providers.Ranked.Any(candidate => candidate.Tier == source.Tier))));
    }
}
