using System.Globalization;

namespace PhaseMesh.Serving.Toml;

/// <summary>One value and where its first character stands.</summary>
public abstract class TomlValue(int offset)
{
    /// <summary>UTF-16 offset into the document; <see cref="TomlDocument.PositionOf"/> turns it into line and column.</summary>
    public int Offset { get; } = offset;

    /// <summary>The type as an error names it: "a string", "an integer".</summary>
    public abstract string TypeName { get; }
}

/// <summary>A value without parts; <see cref="object.ToString"/> gives the text that configuration sees.</summary>
public abstract class TomlScalar(int offset) : TomlValue(offset)
{
    public abstract override string ToString();
}

public sealed class TomlString(int offset, string value) : TomlScalar(offset)
{
    public string Value { get; } = value;

    public override string TypeName => "a string";

    public override string ToString() => Value;
}

public sealed class TomlInteger(int offset, long value) : TomlScalar(offset)
{
    public long Value { get; } = value;

    public override string TypeName => "an integer";

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

public sealed class TomlFloat(int offset, double value) : TomlScalar(offset)
{
    public double Value { get; } = value;

    public override string TypeName => "a float";

    public override string ToString() => Value switch
    {
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        double.NaN => "nan",
        _ => Value.ToString("R", CultureInfo.InvariantCulture),
    };
}

public sealed class TomlBoolean(int offset, bool value) : TomlScalar(offset)
{
    public bool Value { get; } = value;

    public override string TypeName => "a boolean";

    public override string ToString() => Value ? "true" : "false";
}

/// <summary>
/// An array; <see cref="IsArrayOfTables"/> tells <c>[[name]]</c>, which may grow, from <c>name = [...]</c>, which may not.
/// </summary>
public sealed class TomlArray(int offset, bool isArrayOfTables) : TomlValue(offset)
{
    private readonly List<TomlValue> _items = [];

    public bool IsArrayOfTables { get; } = isArrayOfTables;

    public IReadOnlyList<TomlValue> Items => _items;

    public override string TypeName => IsArrayOfTables ? "an array of tables" : "an array";

    public void Add(TomlValue item) => _items.Add(item);
}
