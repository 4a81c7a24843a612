using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Repeats a round that failed for want of a good provider, with growing pauses, while the retry limit lasts: the provider that is
/// restarting, the switch that is still learning and the operator who is still typing are all given their time.
/// </summary>
internal sealed class BootRounds(ProviderTurns turns, TimeSpan retryLimit, DiscoveryLimits limits, BootConsole console)
{
    private readonly long _started = console.Time.GetTimestamp();

    /// <exception cref="BootFailedException">The last round's failure.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> round, CancellationToken cancellationToken)
    {
        for (int rounds = 1; ; rounds++)
        {
            TimeSpan pause = limits.PauseAfterRound(rounds);
            try
            {
                await round(cancellationToken);
                return;
            }
            catch (BootFailedException failure) when (IsProviders(failure.ExitCode) && IsTimeFor(pause))
            {
                console.EndProgress();
                console.Warn(failure.Message);
            }

            console.Line();
            console.Line($"Round {rounds} found no good provider; all are tried again in {pause.TotalSeconds:0.#} s "
                + $"(phase.retry: for {retryLimit.TotalSeconds:0} s in all)");
            await Task.Delay(pause, console.Time, cancellationToken);
            turns.BeginRound();
        }
    }

    private bool IsTimeFor(TimeSpan pause) => console.Time.GetElapsedTime(_started) + pause < retryLimit;

    private static bool IsProviders(AgentExitCode code) =>
        code is AgentExitCode.NoProvider or AgentExitCode.ManifestRefused or AgentExitCode.FetchFailed;
}
