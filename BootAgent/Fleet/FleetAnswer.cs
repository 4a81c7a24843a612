using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>The release a staged rollout gives this machine. It says which of the trusted ones to prefer and makes none trusted.</summary>
/// <param name="Manifest">Digest of the manifest's bytes.</param>
internal sealed record AssignedRelease(Sha256Digest Manifest, long? Release)
{
    public override string ToString() => Release is { } release ? $"release {release} ({Manifest})" : $"manifest {Manifest}";
}

/// <summary>What the fleet says to a boot that begins.</summary>
/// <param name="Ticket">Lets the booted node into the fleet, once. It is never printed.</param>
/// <param name="Current">Null: this machine is given nothing in particular.</param>
internal sealed record FleetAnswer(string? Ticket, AssignedRelease? Current)
{
    private const int MaxTicketLength = 128;
    private const int MaxDepth = 8;

    /// <summary>
    /// Unknown fields are passed over. A ticket goes onto a kernel's command line: one with other letters than those of a ticket, or a
    /// digest that is none, makes the whole answer none.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out FleetAnswer? answer)
    {
        answer = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !TryTicket(root, out string? ticket)
                || !TryCurrent(root, out AssignedRelease? current))
            {
                return false;
            }

            answer = new FleetAnswer(ticket, current);
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false; // Not JSON, or not UTF-8 within a string.
        }
    }

    /// <summary>Without the ticket, so that no message shows it by accident.</summary>
    public override string ToString() => Current?.ToString() ?? "no release in particular";

    private static bool TryTicket(JsonElement root, out string? ticket)
    {
        ticket = null;
        if (!root.TryGetProperty("ticket", out JsonElement given) || given.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        ticket = given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        return ticket is { Length: > 0 and <= MaxTicketLength }
            && ticket.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
    }

    private static bool TryCurrent(JsonElement root, out AssignedRelease? current)
    {
        current = null;
        if (!root.TryGetProperty("current", out JsonElement given) || given.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (given.ValueKind != JsonValueKind.Object || !given.TryGetProperty("manifest", out JsonElement manifest)
            || manifest.ValueKind != JsonValueKind.String || !Sha256Digest.TryParse(manifest.GetString(), out Sha256Digest digest))
        {
            return false;
        }

        long? release = given.TryGetProperty("release", out JsonElement number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt64(out long value) && value >= 0
            ? value
            : null;
        current = new AssignedRelease(digest, release);
        return true;
    }

    /// <summary>The body of <c>POST /v1/boots</c>.</summary>
    public static byte[] Ask(AgentOptions options, string? machineId, string trace)
    {
        using MemoryStream body = new();
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("boot_id", options.BootId);
            if (machineId is not null)
            {
                json.WriteString("machine_id", machineId);
            }

            json.WriteString("channel", options.Channel.ToString());
            json.WriteString("arch", options.Arch.ToString());
            json.WriteString("mode", options.ModeName);
            json.WriteString("trace", trace);
            json.WriteEndObject();
        }

        return body.ToArray();
    }
}
