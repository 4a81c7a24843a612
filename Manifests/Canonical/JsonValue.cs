namespace PhaseMesh.Manifests.Canonical;

/// <summary>
/// A JSON value that keeps everything it was read with, fields unknown to us included, and has exactly one canonical form.
/// System.Text.Json's nodes aren't used: they keep duplicate keys and number spellings that RFC 8785 has no form for.
/// </summary>
public abstract class JsonValue
{
    private protected JsonValue()
    {
    }
}

/// <summary>A string; lone surrogates are refused when it is written, because they have no UTF-8 form.</summary>
public sealed class JsonText(string value) : JsonValue
{
    public string Value { get; } = value;
}

/// <summary>A number; JSON numbers are IEEE 754 doubles here, as RFC 8785 section 3.2.2.3 has it.</summary>
public sealed class JsonNumber : JsonValue
{
    /// <summary>2^53 - 1: whole numbers up to here survive every JSON reader (RFC 7493 section 2.2).</summary>
    public const long MaxSafeInteger = 9_007_199_254_740_991;

    /// <exception cref="ArgumentOutOfRangeException">NaN or an infinity; JSON has neither.</exception>
    public JsonNumber(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "JSON has no NaN and no infinity.");
        }

        Value = value;
    }

    public double Value { get; }

    /// <summary>The value as a whole number, if it is one within +-<see cref="MaxSafeInteger"/>.</summary>
    public bool TryGetWhole(out long whole)
    {
        bool isWhole = Math.Abs(Value) <= MaxSafeInteger && Math.Truncate(Value) == Value;
        whole = isWhole ? (long)Value : 0;
        return isWhole;
    }
}

/// <summary>The literals true, false and null.</summary>
public sealed class JsonLiteral : JsonValue
{
    private JsonLiteral(string name) => Name = name;

    public static JsonLiteral True { get; } = new("true");

    public static JsonLiteral False { get; } = new("false");

    public static JsonLiteral Null { get; } = new("null");

    public string Name { get; }
}

/// <summary>An array, in order.</summary>
public sealed class JsonArray(IReadOnlyList<JsonValue> items) : JsonValue
{
    public IReadOnlyList<JsonValue> Items { get; } = items;
}
