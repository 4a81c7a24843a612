using System.Globalization;

namespace PhaseMesh.Serving.Toml;

public enum TomlDateTimeKind
{
    OffsetDateTime,
    LocalDateTime,
    LocalDate,
    LocalTime,
}

/// <summary>One of TOML's four date and time kinds, to 100 ns; further digits are cut off, as the specification asks.</summary>
/// <param name="clock">What the clock shows; a local date has midnight, a local time has 0001-01-01.</param>
/// <param name="offsetMinutes">Minutes east of UTC, -1439 to 1439 (wider than DateTimeOffset holds); zero unless the kind has an
/// offset.</param>
public sealed class TomlDateTime(int offset, TomlDateTimeKind kind, DateTime clock, int offsetMinutes) : TomlScalar(offset)
{
    public TomlDateTimeKind Kind { get; } = kind;

    public DateTime Clock { get; } = clock;

    public int OffsetMinutes { get; } = offsetMinutes;

    public override string TypeName => Kind switch
    {
        TomlDateTimeKind.OffsetDateTime => "a date-time",
        TomlDateTimeKind.LocalDateTime => "a local date-time",
        TomlDateTimeKind.LocalDate => "a local date",
        _ => "a local time",
    };

    /// <summary>RFC 3339, or the part of it that the kind has.</summary>
    public override string ToString() => Kind switch
    {
        TomlDateTimeKind.OffsetDateTime => Format("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF") + OffsetText,
        TomlDateTimeKind.LocalDateTime => Format("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"),
        TomlDateTimeKind.LocalDate => Format("yyyy-MM-dd"),
        _ => Format("HH:mm:ss.FFFFFFF"),
    };

    private string OffsetText => OffsetMinutes == 0
        ? "Z"
        : $"{(OffsetMinutes < 0 ? '-' : '+')}{Math.Abs(OffsetMinutes) / 60:00}:{Math.Abs(OffsetMinutes) % 60:00}";

    private string Format(string format) => Clock.ToString(format, CultureInfo.InvariantCulture);
}
