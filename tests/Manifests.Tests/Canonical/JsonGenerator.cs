using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Manifests.Canonical;

namespace PhaseMesh.Manifests.Tests.Canonical;

/// <summary>Random JSON within the reader's limits.</summary>
internal static class JsonGenerator
{
    private const int MaxDepth = 4;

    /// <summary>Escapes, quotes, each UTF-8 length, and both sides of the surrogate range, where orderings differ.</summary>
    private static readonly Gen<string> Texts = Gen
        .Elements("a", "b", "Z", "0", "\"", "\\", "/", "\0", "\u001f", "\n", "\u007f", "\u0080", "\u00f6", "\u20ac", "\ud7ff", "\ue000",
            "\ufb33", "\uffff", "\U0001F600", "\U0010FFFF")
        .ArrayOf()
        .Select(parts => string.Concat(parts));

    private static readonly Gen<double> Numbers = Gen.OneOf(
        Gen.Choose(int.MinValue, int.MaxValue).Select(number => (double)number),
        Gen.Choose(-1000, 1000).Select(number => number / 8.0),
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        select BitConverter.Int64BitsToDouble(((long)high << 32) | (uint)low)).Where(IsWithinLimits);

    internal static Arbitrary<JsonValue> Values { get; } = Value(MaxDepth).ToArbitrary();

    private static Gen<JsonValue> Value(int depth)
    {
        Gen<JsonValue> leaf = Gen.OneOf(
            Texts.Select(text => (JsonValue)new JsonText(text)),
            Numbers.Select(number => (JsonValue)new JsonNumber(number)),
            Gen.Elements<JsonValue>(JsonLiteral.True, JsonLiteral.False, JsonLiteral.Null));
        if (depth == 0)
        {
            return leaf;
        }

        Gen<JsonValue> inner = Value(depth - 1);
        return Gen.OneOf(
            leaf,
            inner.ArrayOf().Resize(6).Select(items => (JsonValue)new JsonArray(items)),
            Texts.Zip(inner).ArrayOf().Resize(6).Select(members => (JsonValue)ObjectOf(members)));
    }

    private static JsonObject ObjectOf((string Name, JsonValue Value)[] members)
    {
        JsonObject @object = new();
        foreach ((string name, JsonValue value) in members)
        {
            @object.TryAdd(name, value);
        }

        return @object;
    }

    private static bool IsWithinLimits(double number) => double.IsFinite(number)
        && (Math.Abs(number) <= JsonNumber.MaxSafeInteger || Math.Abs(number) >= 1e21);
}
