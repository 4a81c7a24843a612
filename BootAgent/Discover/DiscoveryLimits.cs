namespace PhaseMesh.BootAgent.Discover;

/// <summary>The limits of looking for providers. The defaults are stated in docs/boot-agent.md; tests shorten them.</summary>
internal sealed record DiscoveryLimits
{
    /// <summary>From the start of a round, the first of which begins about when the network is up, until looking is given up.</summary>
    public TimeSpan SearchLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The same when everybody known has given a wrong answer, which time does not mend: mDNS has asked three times by then (RFC 6762
    /// section 5.2), and whoever had something to say has said it.
    /// </summary>
    public TimeSpan SearchLimitAfterRefusals { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>What a nearer tier is ahead of the next one, while it may still come to something.</summary>
    public TimeSpan HeadStart { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// How long others of the same tier may still be heard after the first one. Responders wait 20 to 120 ms before they answer (RFC 6762
    /// section 6); the rest is for slow ones.
    /// </summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>After this without an answer the next address of the same provider is asked beside it.</summary>
    public TimeSpan NextAddressAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Asked for a manifest at a time.</summary>
    public int MaxAsked { get; init; } = 32;

    /// <summary>Asked for a manifest in one attempt.</summary>
    public int MaxAskedInAll { get; init; } = 160;

    /// <summary>In one round, after the first attempt: each begins when downloads from its sources failed.</summary>
    public int MaxFurtherAttempts { get; init; } = 4;

    /// <summary>Before the second round; each further pause is twice as long.</summary>
    public TimeSpan FirstRoundPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestRoundPause { get; init; } = TimeSpan.FromSeconds(60);

    /// <param name="rounds">Rounds that have failed, 1 or more.</param>
    public TimeSpan PauseAfterRound(int rounds) =>
        TimeSpan.FromTicks(Math.Min(LongestRoundPause.Ticks, FirstRoundPause.Ticks << Math.Clamp(rounds - 1, 0, 16)));
}
