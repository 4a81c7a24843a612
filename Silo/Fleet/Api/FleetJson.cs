using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Silo.Fleet.Access;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>The API's JSON: snake_case, strict, unknown members passed over so that newer callers get through.</summary>
internal static class FleetJson
{
    private const int MaxDepth = 16;

    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.MaxDepth = MaxDepth;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        return options;
    }

    /// <exception cref="FleetRefusedException">invalid: no JSON, or not of this shape.</exception>
    public static T Read<T>(this SignedCall call)
        where T : class
    {
        try
        {
            RequireTexts(call.Body.Span);
            return JsonSerializer.Deserialize<T>(call.Body.Span, Options) ?? throw Invalid("it is null");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw Invalid(exception.Message);
        }
    }

    /// <summary>No string may hold a NUL or half a surrogate pair: databases don't keep the one, UTF-8 has no form for the other.</summary>
    private static void RequireTexts(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped
                && reader.GetString()!.Contains('\0', StringComparison.Ordinal))
            {
                throw new JsonException("a string in it has a NUL character");
            }
        }
    }

    private static FleetRefusedException Invalid(string problem)
    {
        StringBuilder clean = new(problem.Length <= 300 ? problem : problem[..300]);
        for (int i = 0; i < clean.Length; i++)
        {
            clean[i] = char.IsControl(clean[i]) ? '?' : clean[i];
        }

        return new FleetRefusedException(RefusalKind.Invalid, FleetRefusals.Invalid, $"The body is not the JSON that is expected: {clean}");
    }
}
