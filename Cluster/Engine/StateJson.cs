using System.Text.Json;
using System.Text.Json.Serialization;

namespace PhaseMesh.Cluster.Engine;

/// <summary>How states and events are written: camelCase names, enums by name, nulls left out.</summary>
internal static class StateJson
{
    public static JsonSerializerOptions DefaultOptions { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}
