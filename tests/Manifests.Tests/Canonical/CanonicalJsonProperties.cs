using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Reading;

namespace PhaseMesh.Manifests.Tests.Canonical;

public class CanonicalJsonProperties
{
    [Fact]
    public void Serialize_ThenRead_GivesTheSameValue() => Prop
        .ForAll(JsonGenerator.Values, value => Same(value, StrictJsonReader.Read(CanonicalJson.Serialize(value))))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Serialize_OfItsOwnOutput_ChangesNothing() => Prop
        .ForAll(JsonGenerator.Values, value =>
        {
            byte[] once = CanonicalJson.Serialize(value);
            return CanonicalJson.Serialize(StrictJsonReader.Read(once)).AsSpan().SequenceEqual(once);
        })
        .QuickCheckThrowOnFailure();

    [Fact]
    public void ReadableLayout_HasTheSameCanonicalForm() => Prop
        .ForAll(JsonGenerator.Values, value => CanonicalJson.Serialize(StrictJsonReader.Read(ReadableJson.Serialize(value))).AsSpan()
            .SequenceEqual(CanonicalJson.Serialize(value)))
        .QuickCheckThrowOnFailure();

    /// <summary>A second opinion on what our writer means: System.Text.Json reads the same values out of it.</summary>
    [Fact]
    public void Serialize_ReadByAnotherReader_MeansTheSame() => Prop
        .ForAll(JsonGenerator.Values, value =>
        {
            using JsonDocument document = JsonDocument.Parse(CanonicalJson.Serialize(value));
            return Same(value, document.RootElement);
        })
        .QuickCheckThrowOnFailure();

    private static bool Same(JsonValue left, JsonValue right) => (left, right) switch
    {
        (JsonText a, JsonText b) => a.Value == b.Value,
        (JsonNumber a, JsonNumber b) => a.Value == b.Value,
        (JsonArray a, JsonArray b) => a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(pair => Same(pair.First, pair.Second)),
        (JsonObject a, JsonObject b) => a.Members.Count == b.Members.Count
            && a.Members.All(member => b.TryGet(member.Key, out JsonValue? other) && Same(member.Value, other)),
        _ => ReferenceEquals(left, right),
    };

    private static bool Same(JsonValue left, JsonElement right) => (left, right.ValueKind) switch
    {
        (JsonText text, JsonValueKind.String) => text.Value == right.GetString(),
        (JsonNumber number, JsonValueKind.Number) => number.Value == right.GetDouble(),
        (JsonArray array, JsonValueKind.Array) => array.Items.Count == right.GetArrayLength()
            && array.Items.Zip(right.EnumerateArray()).All(pair => Same(pair.First, pair.Second)),
        (JsonObject @object, JsonValueKind.Object) => @object.Members.All(member => Same(member.Value, right.GetProperty(member.Key))),
        (JsonLiteral literal, _) => literal.Name == right.GetRawText(),
        _ => false,
    };
}
