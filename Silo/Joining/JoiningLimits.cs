namespace PhaseMesh.Silo.Joining;

/// <summary>How a provider behaves towards its fleet. docs/joining.md states the defaults; tests shorten them.</summary>
internal sealed record JoiningLimits
{
    /// <summary>One request, from connecting to the answer's last byte.</summary>
    public TimeSpan Request { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After all silos have failed; doubled each time, half of it by chance: a fleet that comes back is not called by all at once.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>After a refusal that time may mend, such as by an operator; doubled each time.</summary>
    public TimeSpan FirstRefusalPause { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan LongestRefusalPause { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest <c>Retry-After</c> that is obeyed.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Between two heartbeats at least: signed times are whole seconds, and one that is not later than the one before counts as a replay.
    /// </summary>
    public TimeSpan ShortestBeat { get; init; } = TimeSpan.FromSeconds(1.1);

    /// <summary>Whatever a silo asks for.</summary>
    public TimeSpan LongestBeat { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Telling the fleet that this node stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Telling the end of a boot's trace, each time.</summary>
    public TimeSpan Trace { get; init; } = TimeSpan.FromSeconds(5);

    public const int TraceAttempts = 5;

    public const int MaxAnswerBytes = 64 * 1024;

    /// <summary>The fleet's bounds of what a node says about itself.</summary>
    public const int MaxAddresses = 16;
    public const int MaxReplicas = 256;
}
