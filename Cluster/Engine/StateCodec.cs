using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Queries;

namespace PhaseMesh.Cluster.Engine;

/// <summary>One state type to and from JSON, with its upgrades.</summary>
internal sealed class StateCodec
{
    private readonly JsonSerializerOptions _json;
    private readonly int _maxBytes;
    private readonly Func<JsonObject, JsonObject>[] _upgrades;

    public StateCodec(Type type, GrainClusterOptions options)
    {
        Type = type;
        Fields = StateFields.Of(type);
        _json = options.Json;
        _maxBytes = options.MaxStateBytes;
        StateUpgrade[] upgrades = [.. options.Upgrades.Where(upgrade => upgrade.State == type).OrderBy(upgrade => upgrade.FromVersion)];
        if (!upgrades.Select(upgrade => upgrade.FromVersion).SequenceEqual(Enumerable.Range(1, upgrades.Length)))
        {
            throw new GrainRuleException($"Upgrades of {type.Name} start from versions "
                + $"{string.Join(", ", upgrades.Select(upgrade => upgrade.FromVersion))}; "
                + $"expected each of 1 to {upgrades.Length} once.");
        }

        _upgrades = [.. upgrades.Select(upgrade => upgrade.Apply)];
    }

    public Type Type { get; }

    public StateFields Fields { get; }

    public int Schema => _upgrades.Length + 1;

    public object New() => Activator.CreateInstance(Type)!;

    public byte[] Write(object state, string what)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(state, Type, _json);
        return json.Length <= _maxBytes
            ? json
            : throw new GrainRuleException($"The state of {what} takes {json.Length} bytes; at most {_maxBytes} are stored. Nothing "
                + $"was written.");
    }

    /// <exception cref="InvalidDataException">The state is newer than this silo, or not what its upgrades expect.</exception>
    public object Read(byte[] json, int schema, string what)
    {
        try
        {
            if (schema == Schema)
            {
                return JsonSerializer.Deserialize(json, Type, _json) ?? New();
            }

            if (schema < 1 || schema > Schema)
            {
                throw new InvalidDataException(
                    $"The state of {what} has schema version {schema}, this silo knows 1 to {Schema}; it is left alone. Run a newer "
                        + $"version of this silo.");
            }

            JsonObject upgraded = JsonNode.Parse(json)!.AsObject();
            for (int version = schema; version < Schema; version++)
            {
                upgraded = _upgrades[version - 1](upgraded);
            }

            return upgraded.Deserialize(Type, _json) ?? New();
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The state of {what} is not a {Type.Name}: {exception.Message} It is left alone.", exception);
        }
    }

    /// <returns>The declared fields as a JSON object; those without a value are left out.</returns>
    public string WriteFields(object state)
    {
        if (Fields.All.Count == 0)
        {
            return "{}";
        }

        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (StateField field in Fields.All)
            {
                switch (field.ValueIn(state))
                {
                    case string text:
                        // Neither database keeps NUL inside a JSON text.
                        writer.WriteString(field.Name, text.Replace('\0', '\uFFFD'));
                        break;
                    case long number:
                        writer.WriteNumber(field.Name, number);
                        break;
                    default:
                        break;
                }
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
