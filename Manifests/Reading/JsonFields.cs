using PhaseMesh.Manifests.Canonical;

namespace PhaseMesh.Manifests.Reading;

/// <summary>Typed access to one object's fields; every failure names the field by its path.</summary>
internal readonly struct JsonFields(JsonObject @object, string path)
{
    internal static JsonFields Of(JsonValue value, string path) => value is JsonObject @object
        ? new JsonFields(@object, path)
        : throw new ManifestFormatException(path, "an object", Describe(value));

    internal string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    internal bool Has(string name) => @object.TryGet(name, out _);

    internal JsonValue Require(string name, string expected) => @object.TryGet(name, out JsonValue? value)
        ? value
        : throw new ManifestFormatException(PathOf(name), expected, "no such field");

    internal JsonFields Object(string name) => Of(Require(name, "an object"), PathOf(name));

    internal string Text(string name, string expected) =>
        Require(name, expected) is JsonText text ? text.Value : throw Refuse(name, expected);

    internal string? OptionalText(string name, string expected) => Has(name) ? Text(name, expected) : null;

    internal JsonArray Array(string name, int maxItems, string expected)
    {
        JsonArray array = Require(name, expected) as JsonArray ?? throw Refuse(name, expected);
        return array.Items.Count <= maxItems
            ? array
            : throw new ManifestFormatException(PathOf(name), $"at most {maxItems} items", $"{array.Items.Count}");
    }

    internal long Integer(string name, long min, long max)
    {
        string expected = min == max ? $"{min}" : $"a whole number from {min} to {max}";
        return Require(name, expected) is JsonNumber number && number.TryGetWhole(out long value) && value >= min && value <= max
            ? value
            : throw Refuse(name, expected);
    }

    internal JsonObject Without(string name) => @object.Without(name);

    internal ManifestFormatException Refuse(string name, string expected) =>
        new(PathOf(name), expected, @object.TryGet(name, out JsonValue? value) ? Describe(value) : "no such field");

    /// <summary>What an error says was found.</summary>
    internal static string Describe(JsonValue value) => value switch
    {
        JsonText text => Excerpt.Quote(text.Value),
        JsonArray array => $"an array of {array.Items.Count}",
        JsonObject @object => $"an object of {@object.Members.Count} fields",
        _ => System.Text.Encoding.UTF8.GetString(CanonicalJson.Serialize(value)),
    };
}
