using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>Machines that boot, as the silos hear of them: good ones, one that hangs, and one that fails after each phase.</summary>
internal sealed class BootStorm(IReadOnlyList<Uri> silos, SignedCaller caller)
{
    private static readonly string[] Phases = ["discovered", "manifest", "fetching", "verified", "kexec"];
    private static readonly string[] Reasons =
        ["no_provider", "manifest_refused", "fetch_failed", "storage_failed", "kexec_refused", "a-reason-of-its-own"];

    /// <summary>Two that join, and six that fail, each after one phase more.</summary>
    public async Task WaveAsync()
    {
        await Task.WhenAll(JoinAsync(silos[0], silos[1]), JoinAsync(silos[1], silos[0]));
        await Task.WhenAll(Enumerable.Range(0, Phases.Length + 1).Select(async count =>
        {
            using Ed25519PrivateKey agent = Ed25519PrivateKey.Generate();
            Uri silo = silos[count % silos.Count];
            (string id, _) = await BeginAsync(silo, agent);
            await TellAsync(silo, agent, id, [.. Phases.Take(count).Select(Event), Failure(Reasons[count])]);
        }));
    }

    /// <summary>A machine that finds providers and is never heard of again.</summary>
    public async Task HangAsync()
    {
        using Ed25519PrivateKey agent = Ed25519PrivateKey.Generate();
        (string id, _) = await BeginAsync(silos[0], agent);
        await TellAsync(silos[0], agent, id, Event("discovered"));
    }

    /// <summary>A node that is let in, and its key.</summary>
    public async Task EnrolAsync(Uri silo, Ed25519PrivateKey node, string? ticket, HttpStatusCode expected = HttpStatusCode.OK) =>
        await caller.SendAsync(silo, HttpMethod.Post, "/v1/providers", new
        {
            key = node.PublicKey.KeyId,
            arch = "x86_64",
            urls = new[] { "http://127.0.0.1:9/" },
            addresses = Array.Empty<string>(),
            capabilities = Array.Empty<string>(),
            replicas = Array.Empty<string>(),
            ticket,
        }, node, expected);

    private async Task JoinAsync(Uri silo, Uri other)
    {
        using Ed25519PrivateKey agent = Ed25519PrivateKey.Generate();
        using Ed25519PrivateKey node = Ed25519PrivateKey.Generate();
        (string id, string ticket) = await BeginAsync(silo, agent);
        foreach (string phase in Phases)
        {
            // Both silos hear of it at once: one of them loses its write and runs again.
            await Task.WhenAll(TellAsync(silo, agent, id, Event(phase)), TellAsync(other, agent, id, Event(phase)));
        }

        await EnrolAsync(silo, node, ticket);
        await caller.SendAsync(
            silo, HttpMethod.Put, $"/v1/providers/{node.PublicKey.KeyId}/heartbeat",
            new { load = new { requests_in_flight = 3, bytes_per_second = 1000 }, health = "ok" }, node);
        await TellAsync(silo, node, id, Event("joined"));
    }

    private async Task<(string Id, string Ticket)> BeginAsync(Uri silo, Ed25519PrivateKey agent)
    {
        string id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        JsonElement created = await caller.SendAsync(
            silo, HttpMethod.Post, "/v1/boots",
            new { boot_id = id, machine_id = id[..8], channel = "stable", arch = "x86_64", mode = "internet" },
            agent, HttpStatusCode.Created);
        return (id, created.GetProperty("ticket").GetString()!);
    }

    private Task<JsonElement> TellAsync(Uri silo, Ed25519PrivateKey key, string id, params object[] events) =>
        caller.SendAsync(silo, HttpMethod.Post, $"/v1/boots/{id}/events", events, key);

    private static object Event(string phase) => phase is "fetching" or "verified"
        ? new { phase, at = TimeProvider.System.GetUtcNow(), bytes_fetched = 1000L, bytes_total = 1000L, bytes_per_second = 500L }
        : new { phase, at = TimeProvider.System.GetUtcNow() };

    private static object Failure(string reason) =>
        new { phase = "failed", at = TimeProvider.System.GetUtcNow(), reason, detail = "as the storm has it" };
}
