using System.Text;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>The bounds of the spans that a boot tells; those of one document are what machines keep to.</summary>
public static class BootSpanLimits
{
    public const int MaxSpansPerCall = TraceLimits.MaxSpans;

    /// <summary>Of one boot.</summary>
    public const int KeptSpans = 512;

    /// <summary>Of one boot, counted by <see cref="BootSpan.SizeBytes"/>.</summary>
    public const int KeptBytes = 256 << 10;

    public const int MaxAttributes = TraceLimits.MaxAttributes;
    public const int MaxEvents = TraceLimits.MaxEvents;
    public const int MaxNameLength = TraceLimits.MaxNameLength;
    public const int MaxKeyLength = TraceLimits.MaxKeyLength;
    public const int MaxTextLength = TraceLimits.MaxTextLength;

    /// <summary>Of a status: why it failed.</summary>
    public const int MaxMessageLength = TraceLimits.MaxMessageLength;
}

/// <summary>OpenTelemetry's, by its numbers.</summary>
[GenerateSerializer]
public enum BootSpanKind
{
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// <summary>OpenTelemetry's, by its numbers.</summary>
[GenerateSerializer]
public enum BootSpanStatus
{
    Unset,
    Ok,
    Error,
}

/// <summary>One of the four values is there.</summary>
[GenerateSerializer]
[Immutable]
public sealed record BootSpanAttribute
{
    [Id(0)]
    public string Key { get; init; } = "";

    [Id(1)]
    public string? Text { get; init; }

    [Id(2)]
    public long? Whole { get; init; }

    [Id(3)]
    public double? Real { get; init; }

    [Id(4)]
    public bool? Flag { get; init; }

    internal int SizeBytes => 16 + Encoding.UTF8.GetByteCount(Key) + Encoding.UTF8.GetByteCount(Text ?? "");
}

[GenerateSerializer]
[Immutable]
public sealed record BootSpanEvent
{
    [Id(0)]
    public string Name { get; init; } = "";

    /// <summary>Nanoseconds since 1970, by the machine's clock.</summary>
    [Id(1)]
    public long At { get; init; }

    [Id(2)]
    public ImmutableArray<BootSpanAttribute> Attributes { get; init; } = [];

    internal int SizeBytes => 16 + Encoding.UTF8.GetByteCount(Name) + Attributes.Sum(attribute => attribute.SizeBytes);
}

/// <summary>What made a span.</summary>
/// <param name="Service">phase-agent or plasmd.</param>
[GenerateSerializer]
[Immutable]
public sealed record BootSpanSource(
    [property: Id(0)] string Service, [property: Id(1)] string? Version = null, [property: Id(2)] string? Host = null);

/// <summary>A span of a boot's trace, whose id is the boot's.</summary>
[GenerateSerializer]
[Immutable]
public sealed record BootSpan
{
    /// <summary>16 lower-case hex digits.</summary>
    [Id(0)]
    public string SpanId { get; init; } = "";

    /// <summary>The same; null for the root.</summary>
    [Id(1)]
    public string? ParentSpanId { get; init; }

    [Id(2)]
    public string Name { get; init; } = "";

    [Id(3)]
    public BootSpanKind Kind { get; init; }

    /// <summary>Nanoseconds since 1970, by the machine's clock.</summary>
    [Id(4)]
    public long Start { get; init; }

    /// <summary>The same; before <see cref="Start"/> where the clock was set meanwhile.</summary>
    [Id(5)]
    public long End { get; init; }

    [Id(6)]
    public ImmutableArray<BootSpanAttribute> Attributes { get; init; } = [];

    [Id(7)]
    public ImmutableArray<BootSpanEvent> Events { get; init; } = [];

    [Id(8)]
    public BootSpanStatus Status { get; init; }

    [Id(9)]
    public string? StatusMessage { get; init; }

    [Id(10)]
    public BootSpanSource Source { get; init; } = new("");

    internal int SizeBytes => 64 + Encoding.UTF8.GetByteCount(Name) + Encoding.UTF8.GetByteCount(StatusMessage ?? "")
        + Attributes.Sum(attribute => attribute.SizeBytes) + Events.Sum(told => told.SizeBytes);
}
