using System.Net;
using System.Text.Json;

namespace PhaseMesh.Silo.Joining;

/// <summary>What a silo made of a call.</summary>
/// <param name="Status">0: there was no answer of use.</param>
/// <param name="Problem">For people, on one line: what went wrong.</param>
/// <param name="Slug">The kind of refusal, such as <c>enrol-again</c>; empty when the silo named none.</param>
/// <param name="RetryAfter">How long it wants to be left alone.</param>
internal sealed record FleetAnswer(HttpStatusCode Status, string Problem, string Slug = "", TimeSpan? RetryAfter = null)
{
    private const int MaxDepth = 16;
    private const int MaxTextLength = 300;

    public bool IsGood => (int)Status is >= 200 and < 300;

    /// <summary>Another silo, or the same one later, may answer otherwise.</summary>
    public bool IsTransient => (int)Status is < 200 or (>= 300 and < 400) or 408 or 429 or >= 500 || Slug == "replayed";

    /// <summary>What this node is to the fleet, such as <c>serving</c>; empty when it was not said.</summary>
    public string State { get; init; } = "";

    /// <summary>When to come again; null when it was not said.</summary>
    public TimeSpan? Heartbeat { get; init; }

    public static FleetAnswer None(string problem) => new(0, problem);

    /// <summary>
    /// Unknown fields are passed over; fields of another type count as missing, and what is no JSON as an answer without any.
    /// </summary>
    public static FleetAnswer Read(HttpStatusCode status, ReadOnlyMemory<byte> body, TimeSpan? retryAfter)
    {
        FleetAnswer answer = new(status, $"it answers with status {(int)status}", RetryAfter: retryAfter);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            JsonElement json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object)
            {
                return answer;
            }

            return answer.IsGood
                ? answer with { State = Text(json, "state") ?? "", Heartbeat = Seconds(json, "heartbeat_seconds") }
                : answer with
                {
                    Problem = Text(json, "detail") ?? answer.Problem,
                    Slug = Text(json, "type") is { } type ? type[(type.LastIndexOfAny([':', '/', '#']) + 1)..] : "",
                };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return answer; // A proxy's page, or not UTF-8 within a string.
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? string.Concat(value.GetString()!.Take(MaxTextLength).Select(c => char.IsControl(c) ? '?' : c))
            : null;

    private static TimeSpan? Seconds(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out int seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
