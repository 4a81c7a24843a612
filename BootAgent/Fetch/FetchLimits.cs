namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Every limit that keeps a boot from hanging. The defaults are stated in docs/boot-agent.md; tests shorten them.</summary>
internal sealed record FetchLimits
{
    /// <summary>One provider's manifest, retries included.</summary>
    public TimeSpan ManifestTimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One manifest request from connect to last byte.</summary>
    public TimeSpan ManifestAttemptLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the other providers may take once one trusted manifest is there.</summary>
    public TimeSpan ManifestGrace { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan ConnectTimeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A request that delivers less than <see cref="MinimumBytesPerWindow"/> in this time has stalled; waiting for headers counts.
    /// </summary>
    public TimeSpan StallWindow { get; init; } = TimeSpan.FromSeconds(5);

    public long MinimumBytesPerWindow { get; init; } = 20 * 1024;

    /// <summary>An artifact's download ends when no provider has delivered anything of use for this long.</summary>
    public TimeSpan NoProgressLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>An artifact has <see cref="NoProgressLimit"/> and the time its size takes at this rate, and no more.</summary>
    public long MinimumAverageBytesPerSecond { get; init; } = 16 * 1024;

    /// <summary>How often wrong bytes are forgiven when there is no other provider.</summary>
    public int MaxContentFaults { get; init; } = 3;

    /// <summary>
    /// Requests in a row that broke off without one verified chunk; a refused connection doesn't count, time bounds those.
    /// </summary>
    public int MaxFruitlessAttempts { get; init; } = 10;

    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest <c>Retry-After</c> that is obeyed; up to a quarter is added at random, lest all come back at once.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For so long providers may say that they are busy before an artifact's other limits count; such waits are neither silence nor faults.
    /// </summary>
    public TimeSpan BusyLimit { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>How often an idle connection looks whether a slower provider's work should be taken over.</summary>
    public TimeSpan TakeoverInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>More providers than this wait as spares.</summary>
    public int MaxConnections { get; init; } = 8;

    public const int MaxRedirects = 3;

    /// <summary>A provider's response headers; more is refused.</summary>
    public const int MaxHeaderKilobytes = 16;

    public TimeSpan TimeLimitFor(long sizeBytes) =>
        NoProgressLimit + TimeSpan.FromSeconds((double)sizeBytes / MinimumAverageBytesPerSecond);

    /// <param name="retryAfter">What a provider asks for.</param>
    public TimeSpan Obeyed(TimeSpan retryAfter)
    {
        TimeSpan bounded = retryAfter < LongestRetryAfter ? retryAfter : LongestRetryAfter;
        return bounded * (1 + (Random.Shared.NextDouble() / 4));
    }

    public TimeSpan PauseAfter(int attempts) =>
        TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Clamp(attempts, 0, 16)));
}
