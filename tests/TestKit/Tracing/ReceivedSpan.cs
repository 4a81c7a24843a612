namespace PhaseMesh.TestKit.Tracing;

/// <summary>A span as an <see cref="OtlpReceiver"/> got it. Ids are lower-case hex, times nanoseconds since 1970, values as text.</summary>
public sealed record ReceivedSpan
{
    public required string TraceId { get; init; }

    public required string SpanId { get; init; }

    /// <summary>Empty: a root.</summary>
    public required string ParentSpanId { get; init; }

    public required string Name { get; init; }

    /// <summary>1 internal, 2 server, 3 client.</summary>
    public required int Kind { get; init; }

    public required long Start { get; init; }

    public required long End { get; init; }

    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    public required IReadOnlyList<ReceivedEvent> Events { get; init; }

    /// <summary>0 unset, 1 ok, 2 error.</summary>
    public required int StatusCode { get; init; }

    public required string StatusMessage { get; init; }

    public required IReadOnlyDictionary<string, string> Resource { get; init; }

    public string Service => Resource.GetValueOrDefault("service.name", "");
}

public sealed record ReceivedEvent(string Name, long At, IReadOnlyDictionary<string, string> Attributes);
