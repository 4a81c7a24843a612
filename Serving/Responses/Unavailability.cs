namespace PhaseMesh.Serving.Responses;

/// <summary>Why something cannot be had now, as a client is told with status 503.</summary>
/// <param name="Detail">Sentences: what was found, what would have been right, what to do.</param>
public sealed record Unavailability(string Detail)
{
    public string Title { get; init; } = "Not available now";

    /// <summary>For <c>Retry-After</c>; at least 1.</summary>
    public int RetryAfterSeconds { get; init; } = 5;

    /// <summary>Set when a limit was met.</summary>
    public FullLimit? Full { get; init; }
}

/// <summary>The limit that was met, as a member of the problem (RFC 9457 section 3.2).</summary>
/// <param name="What">Its name.</param>
public sealed record FullLimit(string What, int Limit, int InUse, int Waiting, int QueueLimit);
