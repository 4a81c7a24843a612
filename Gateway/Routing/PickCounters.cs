namespace PhaseMesh.Gateway.Routing;

/// <summary>What became of a choice. The names are label values.</summary>
internal enum PickOutcome
{
    SameRack,
    SameSite,
    Elsewhere,

    /// <summary>Everybody was cooling down; this one was tried nevertheless.</summary>
    LastResort,

    /// <summary>Nobody may be asked now.</summary>
    Nobody,
}

/// <summary>Choices since the start.</summary>
internal sealed class PickCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<PickOutcome>().Length];

    public long this[PickOutcome outcome] => Volatile.Read(ref _counts[(int)outcome]);

    public void Count(PickOutcome outcome) => Interlocked.Increment(ref _counts[(int)outcome]);
}
