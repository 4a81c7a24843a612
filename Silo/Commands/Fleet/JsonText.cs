using System.Globalization;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands.Fleet;

/// <summary>Members of the fleet's answers as text; what is missing or null is null.</summary>
internal static class JsonText
{
    public static string? Text(this JsonElement json, string name) => Member(json, name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => other.GetRawText(),
    };

    public static JsonElement? Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement member)
            && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];

    public static bool Is(this JsonElement json, string name) => Member(json, name) is { ValueKind: JsonValueKind.True };

    public static long Number(this JsonElement json, string name) =>
        Member(json, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) ? value : 0;

    public static DateTimeOffset? Time(this JsonElement json, string name) =>
        DateTimeOffset.TryParse(json.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : null;

    /// <summary>How long ago, such as <c>3 min</c>.</summary>
    public static string? Ago(this JsonElement json, string name, TimeProvider clock) =>
        json.Time(name) is { } time ? Duration(clock.GetUtcNow() - time) : null;

    public static string Duration(TimeSpan time) => time.TotalSeconds < 0 ? "0 s"
        : time.TotalMinutes < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s")
        : time.TotalHours < 1 ? $"{(int)time.TotalMinutes} min {time.Seconds} s"
        : time.TotalDays < 1 ? $"{(int)time.TotalHours} h {time.Minutes} min"
        : $"{(int)time.TotalDays} d {time.Hours} h";

    /// <summary>A provider's key as <c>plasmd provider list</c> spells it: its peer id.</summary>
    public static string? Peer(this JsonElement json, string name) =>
        json.Text(name) is { } key && Ed25519PublicKey.TryParse(key, out Ed25519PublicKey parsed)
            ? NodePeer.Of(parsed).ToString()
            : json.Text(name);

    /// <summary>The beginning of a key or digest, enough to tell them apart.</summary>
    public static string? Short(string? id) => id is { Length: > 20 } ? $"{id[..20]}..." : id;
}
