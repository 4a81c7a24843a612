using System.Security.Cryptography;

namespace PhaseMesh.Manifests.Traces;

/// <summary>A step of a boot, or the boot itself: a span of OpenTelemetry. The trace's id is the boot's.</summary>
public sealed record TraceSpan
{
    /// <summary>16 lower-case hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The same; null for the root.</summary>
    public string? Parent { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset Start { get; init; }

    /// <summary>Null: it is under way.</summary>
    public DateTimeOffset? End { get; init; }

    public IReadOnlyList<TraceTag> Attributes { get; init; } = [];

    public IReadOnlyList<TraceEvent> Events { get; init; } = [];

    /// <summary>Why it failed; null: it did not.</summary>
    public string? Error { get; init; }

    public static string NewId() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>The id of a boot's root span, which every party knows that knows the boot's.</summary>
    public static string RootOf(string bootId) => bootId[..16];
}

/// <summary>Something that happened during a span.</summary>
public sealed record TraceEvent(string Name, DateTimeOffset At, IReadOnlyList<TraceTag> Attributes);

/// <summary>What made spans.</summary>
/// <param name="Service"><c>phase-agent</c> or <c>plasmd</c>.</param>
/// <param name="Host">Null: not known.</param>
public sealed record TraceSource(string Service, string Version, string? Host)
{
    /// <summary>This process.</summary>
    public static TraceSource OfThisMachine(string service, string version) =>
        new(service, version, Environment.MachineName is { Length: > 0 } name && name != "(none)" ? name : null);
}

/// <summary>Spans of one source.</summary>
public sealed record TraceSpans(TraceSource Source, IReadOnlyList<TraceSpan> Spans);
