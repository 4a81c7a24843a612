using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>A machine that boots, as the silos hear of it.</summary>
internal sealed class BootingMachine : IDisposable
{
    private readonly RealFleet _fleet;
    private readonly Ed25519PrivateKey _agent = Ed25519PrivateKey.Generate();
    private readonly long _began = Now.ToUnixTimeMilliseconds();

    private BootingMachine(RealFleet fleet, string name) => (_fleet, Name) = (fleet, name);

    public string Id { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public string Name { get; }

    public static async Task<BootingMachine> StartAsync(RealFleet fleet, string name, string channel = "stable")
    {
        BootingMachine machine = new(fleet, name);
        await fleet.Caller.SendAsync(
            fleet.Silo, HttpMethod.Post, "/v1/boots",
            new { boot_id = machine.Id, machine_id = name, channel, arch = "x86_64", mode = "local" }, machine._agent,
            HttpStatusCode.Created);
        return machine;
    }

    public Task<JsonElement> ReachesAsync(string phase) => TellAsync(new { phase, at = Now });

    public Task<JsonElement> FetchesAsync(long fetched, long total) => TellAsync(new
    {
        phase = "fetching",
        at = Now,
        bytes_fetched = fetched,
        bytes_total = total,
        bytes_per_second = 50L << 20,
        from = new[] { "http://10.1.2.3:8080" },
    });

    public Task<JsonElement> FailsAsync(string reason, string detail) => TellAsync(new { phase = "failed", at = Now, reason, detail });

    public Task<JsonElement> SaysAsync(string log) => _fleet.Caller.SendAsync(
        _fleet.Silo, HttpMethod.Post, $"/v1/boots/{Id}/log", System.Text.Encoding.UTF8.GetBytes(log), _agent, HttpStatusCode.NoContent);

    /// <param name="spans">Of <see cref="Span"/>.</param>
    public Task<JsonElement> TracesAsync(params object[] spans) => _fleet.Caller.SendAsync(
        _fleet.Silo, HttpMethod.Post, $"/v1/boots/{Id}/spans", JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["resourceSpans"] = new[]
            {
                new Dictionary<string, object>
                {
                    ["resource"] = new { attributes = new[] { Attribute("service.name", "phase-agent") } },
                    ["scopeSpans"] = new[] { new { spans } },
                },
            },
        }), _agent, HttpStatusCode.NoContent);

    /// <param name="from">Milliseconds after the boot began.</param>
    /// <param name="error">What it failed with; null: it did not.</param>
    public object Span(string id, string parent, string name, long from, long until, string? error = null) => new Dictionary<string, object>
    {
        ["traceId"] = Id,
        ["spanId"] = id,
        ["parentSpanId"] = parent,
        ["name"] = name,
        ["startTimeUnixNano"] = $"{_began + from}000000",
        ["endTimeUnixNano"] = $"{_began + until}000000",
        ["attributes"] = new[] { Attribute("phase.artifact.size", "12345") },
        ["status"] = error is null ? [] : new Dictionary<string, object> { ["code"] = 2, ["message"] = error },
    };

    public void Dispose() => _agent.Dispose();

    private static Dictionary<string, object> Attribute(string key, string value) =>
        new() { ["key"] = key, ["value"] = new Dictionary<string, string> { ["stringValue"] = value } };

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private Task<JsonElement> TellAsync(object told) =>
        _fleet.Caller.SendAsync(_fleet.Silo, HttpMethod.Post, $"/v1/boots/{Id}/events", new[] { told }, _agent);
}
