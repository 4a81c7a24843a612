using System.Net;
using System.Text.Json;

namespace PhaseMesh.Silo.Fleet.Client;

/// <summary>A silo's answer. Read by names, not into types, so that answers of newer silos do as well.</summary>
/// <param name="RetryAfter">Where the silo said when to come again.</param>
internal sealed record FleetReply(HttpStatusCode Status, string? MediaType, ReadOnlyMemory<byte> Body, TimeSpan? RetryAfter)
{
    private const string TypePrefix = "urn:phasemesh:problem:";

    public bool IsGood => (int)Status is >= 200 and < 300;

    /// <summary>The problem's slug, such as <c>enrol-again</c>; empty when the answer is none.</summary>
    public string Slug => Member("type") is { } type && type.StartsWith(TypePrefix, StringComparison.Ordinal)
        ? type[TypePrefix.Length..]
        : "";

    /// <summary>What the problem says, or the status.</summary>
    public string Detail => Member("detail") ?? $"it answers {(int)Status}";

    /// <exception cref="JsonException">The answer is no JSON.</exception>
    public JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(Body);
        return document.RootElement.Clone();
    }

    private string? Member(string name)
    {
        if (IsGood || MediaType != "application/problem+json")
        {
            return null;
        }

        try
        {
            return Json() is { ValueKind: JsonValueKind.Object } problem && problem.TryGetProperty(name, out JsonElement member)
                && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
        }
        catch (JsonException)
        {
            return null; // A proxy's idea of a problem.
        }
    }
}
