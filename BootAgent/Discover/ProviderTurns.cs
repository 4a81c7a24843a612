using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Whom each attempt of a boot asks.
/// 1. Providers that were named are asked at once; without any, the LAN is searched first.
/// 2. After an attempt that failed for want of a good provider, those found meanwhile join, or the search goes on within its limit.
/// 3. It ends with the last attempt's failure when nobody new is found or there were too many attempts.
/// </summary>
internal sealed class ProviderTurns(ProviderList providers, MdnsDiscovery? discovery, DiscoveryLimits limits, BootConsole console)
{
    private IReadOnlyList<ProviderCandidate> _sources = [];
    private int _furtherAttempts;

    /// <summary>There is somebody else to ask: retrying one that does not answer can wait.</summary>
    public bool HasOthers => _furtherAttempts < limits.MaxFurtherAttempts && (providers.HasUnasked || discovery?.HasNew(providers) == true);

    /// <exception cref="BootFailedException">No provider is known and none was found.</exception>
    public async Task<IReadOnlyList<ProviderCandidate>> FirstAsync(CancellationToken cancellationToken)
    {
        if (providers.Ranked.Count == 0)
        {
            if (discovery is null)
            {
                throw new BootFailedException(AgentExitCode.NoProvider, "no provider is known: add phase.provider=http://HOST:8080 to the "
                    + "kernel command line, or use --provider, or --discover to look for one on the LAN");
            }

            console.Line($"No provider given; looking for one by mDNS (at most {limits.SearchLimit.TotalSeconds:0.#} s)");
            if (!await discovery.FindAsync(providers, cancellationToken))
            {
                throw new BootFailedException(AgentExitCode.NoProvider,
                    $"no provider: none on the command line (phase.provider=) and {discovery.Outcome}");
            }
        }

        return providers.TakeTurn();
    }

    /// <summary>The attempt goes on with these; should it fail to fetch from them, they have had their chance.</summary>
    public void Choose(IEnumerable<ProviderCandidate> sources) => _sources = [.. sources];

    /// <param name="failure">What ended the attempt before.</param>
    /// <exception cref="BootFailedException">Another provider would not help, or there is none: the failure, and what the search heard.</exception>
    public async Task<IReadOnlyList<ProviderCandidate>> NextAsync(BootFailedException failure, CancellationToken cancellationToken)
    {
        bool wouldOthersHelp = failure.ExitCode is AgentExitCode.NoProvider or AgentExitCode.ManifestRefused or AgentExitCode.FetchFailed;
        if (discovery is null || !wouldOthersHelp || _furtherAttempts >= limits.MaxFurtherAttempts)
        {
            throw failure;
        }

        console.EndProgress();
        if (failure.ExitCode == AgentExitCode.FetchFailed)
        {
            providers.Drop(_sources);
        }

        _furtherAttempts++;
        if (!providers.HasUnasked && !await discovery.FindAsync(providers, cancellationToken))
        {
            throw new BootFailedException(failure.ExitCode, $"{failure.Message}. Besides, {discovery.Outcome}", failure);
        }

        console.Warn(failure.Message);
        return providers.TakeTurn();
    }
}
