namespace PhaseMesh.BootAgent.Fleet;

/// <summary>What telling the fleet may cost a boot. The defaults are stated in docs/boot-agent.md; tests shorten them.</summary>
internal sealed record FleetLimits
{
    /// <summary>All waits for the fleet of one boot together.</summary>
    public TimeSpan BootDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Of these, the wait for which release this machine is given; what is left is for the ticket and the last events.</summary>
    public TimeSpan AssignmentWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After a failure, before the process ends: nobody waits for this machine any more.</summary>
    public TimeSpan FailureFlush { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The first request to each URL; doubled with every round, so that a silo under a storm of boots is not given up again and again.
    /// </summary>
    public TimeSpan FirstRequest { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestRequest { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Between two rounds through all URLs; doubled each time.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Instead of any pause while the boot waits for what is left to be sent.</summary>
    public TimeSpan HurriedPause { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Also the longest <c>Retry-After</c> that is obeyed.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Events wait this long for others to go with them.</summary>
    public TimeSpan BatchDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two reports of how far the download is.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>An answer; a longer one is none.</summary>
    public const int MaxAnswerBytes = 64 * 1024;

    /// <summary>Events that wait to be sent; of more the oldest are dropped.</summary>
    public const int MaxPendingEvents = 64;

    /// <summary>Characters of the log in one request; the fleet takes 16 Ki.</summary>
    public const int MaxLogPiece = 12_000;

    /// <summary>Events of one request, below the fleet's limit of 64 KiB for a body.</summary>
    public const int MaxBodyBytes = 48 * 1024;

    public TimeSpan RequestLimit(int round) => Doubled(FirstRequest, LongestRequest, round);

    public TimeSpan PauseAfter(int round) => Doubled(FirstPause, LongestPause, round);

    private static TimeSpan Doubled(TimeSpan first, TimeSpan longest, int times) =>
        TimeSpan.FromTicks(Math.Min(longest.Ticks, first.Ticks << Math.Clamp(times, 0, 16)));
}
