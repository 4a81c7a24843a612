using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>What a row shows of a boot. Times are the fleet's.</summary>
internal sealed record TopBoot(
    string Id, string Phase, string Outcome, bool IsStuck, string Channel, string? Machine, long BytesFetched, long BytesTotal,
    long BytesPerSecond, string? Reason, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    private static readonly string[] Phases = ["created", "discovered", "manifest", "fetching", "verified", "kexec", "joined"];

    public bool IsRunning => Outcome == "running";

    /// <summary>Failed or lost.</summary>
    public bool IsBad => Outcome is "failed" or "lost";

    public string State => IsBad ? $"{Outcome}: {Reason ?? "unknown"}" : IsStuck ? $"stuck in {Phase}" : IsRunning ? Phase : Outcome;

    /// <summary>How far it is, 0 to 1: most of the way is the download.</summary>
    public double Part => Phase == "fetching"
        ? 0.2 + (BytesTotal > 0 ? 0.6 * Math.Clamp((double)BytesFetched / BytesTotal, 0, 1) : 0)
        : Math.Max(0, Array.IndexOf(Phases, Phase)) switch
        {
            <= 2 and var early => early * 0.1,
            4 => 0.8,
            5 => 0.9,
            6 => 1,
            _ => 0,
        };

    /// <summary>From <c>GET /v1/boots</c>; null where it isn't a boot.</summary>
    public static TopBoot? Of(JsonElement boot) => Of(boot, boot.Time("updated_at"), boot.Is("is_stuck"));

    /// <summary>From <c>GET /v1/boots/stream</c>.</summary>
    public static TopBoot? OfNews(JsonElement told) =>
        Of(told.Member("boot") ?? default, told.Time("at"), (told.Member("boot") ?? default).Text("what") is "stuck");

    private static TopBoot? Of(JsonElement boot, DateTimeOffset? updatedAt, bool isStuck) =>
        boot.Text("boot_id") is { } id && boot.Text("phase") is { } phase && boot.Text("outcome") is { } outcome && updatedAt is { } at
            ? new TopBoot(
                id, phase, outcome, isStuck, $"{boot.Text("channel")}/{boot.Text("arch")}", boot.Text("machine_id"),
                boot.Number("bytes_fetched"), boot.Number("bytes_total"), boot.Number("bytes_per_second"), boot.Text("reason"),
                boot.Time("created_at") ?? at, at)
            : null;
}
