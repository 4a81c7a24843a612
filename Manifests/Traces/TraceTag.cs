namespace PhaseMesh.Manifests.Traces;

/// <summary>A key with a value of one of the four kinds that a boot's spans may have.</summary>
public sealed record TraceTag
{
    private TraceTag(string key, object value) => (Key, Value) = (key, value);

    public string Key { get; }

    /// <summary>A string, long, bool or double.</summary>
    public object Value { get; }

    /// <param name="value">Made fit for a value of a span.</param>
    public static TraceTag Of(string key, string value) => new(key, TraceLimits.Fit(value, TraceLimits.MaxTextLength));

    public static TraceTag Of(string key, long value) => new(key, value);

    public static TraceTag Of(string key, bool value) => new(key, value);

    public static TraceTag Of(string key, double value) =>
        new(key, double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "JSON has no such number."));
}
