namespace PhaseMesh.BootAgent.Fetch;

/// <summary>What a provider did wrong.</summary>
internal enum FaultKind
{
    Unreachable,
    ConnectionLost,
    Stalled,
    ServerError,
    NotFound,
    RequestRefused,
    RedirectRefused,
    NotHttp,
    WrongLength,
    WrongRange,
    WrongEncoding,
    TooManyBytes,
    WrongDigest,
    OffLink,
}

/// <param name="Detail">In words that follow "the provider ...": no provider text goes in unbounded or with control characters.</param>
internal sealed record FetchFault(FaultKind Kind, string Detail)
{
    /// <summary>How long it asks to be left alone, as it is busy; 1 s to <see cref="FetchLimits.LongestRetryAfter"/>.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>May be better a moment later; everything else is a wrong answer, and the same one would come again.</summary>
    public bool IsTransient => Kind is FaultKind.Unreachable or FaultKind.ConnectionLost or FaultKind.Stalled or FaultKind.ServerError;
}
