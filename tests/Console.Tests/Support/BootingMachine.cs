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

    private BootingMachine(RealFleet fleet, string name) => (_fleet, Name) = (fleet, name);

    public string Id { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public string Name { get; }

    public static async Task<BootingMachine> StartAsync(RealFleet fleet, string name, string channel = "stable")
    {
        BootingMachine machine = new(fleet, name);
        await fleet.Caller.SendAsync(
            fleet.Silo, HttpMethod.Post, "/v1/boots",
            new { boot_id = machine.Id, machine_id = name, channel, arch = "x86_64", mode = "local" }, machine._agent, HttpStatusCode.Created);
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

    public void Dispose() => _agent.Dispose();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private Task<JsonElement> TellAsync(object told) =>
        _fleet.Caller.SendAsync(_fleet.Silo, HttpMethod.Post, $"/v1/boots/{Id}/events", new[] { told }, _agent);
}
