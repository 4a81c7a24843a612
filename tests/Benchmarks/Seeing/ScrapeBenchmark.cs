using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Benchmarks.Seeing;

/// <summary>
/// <c>/metrics</c> of a silo on SQLite whose fleet has a thousand serving providers: the figures asked of the database anew for each scrape,
/// and a series or three for each provider in the answer.
/// </summary>
internal sealed class ScrapeBenchmark : IBenchmark
{
    private const int Providers = 1000;
    private const double LimitMilliseconds = 200;

    /// <summary>Longer than a silo keeps the figures of its fleet.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(6);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public IReadOnlyList<string> RowNames { get; } = ["seeing.scrape"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("phasemesh-bench-");
        try
        {
            return await MeasureAsync(folder, rounds);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<IReadOnlyList<Row>> MeasureAsync(DirectoryInfo folder, int rounds)
    {
        using var key = Ed25519PrivateKey.Generate();
        await using SeenProgram silo = await SeenProgram.StartAsync(
            "plasmd", ["--artifacts", folder.FullName, "--state-dir", Path.Combine(folder.FullName, "state"), "--mode", "private"], "/livez",
            ("PLASM_CLUSTER_DATABASE", $"sqlite:{Path.Combine(folder.FullName, "fleet.db")}"), ("PLASM_OPERATOR_KEYS", key.PublicKey.KeyId),
            ("PLASM_FLOOD_LIMIT", "1000000"));
        using HttpClient client = new() { BaseAddress = silo.Url, Timeout = TimeSpan.FromMinutes(1) };
        await SendAsync(client, key, HttpMethod.Put, "/v1/fleet/policy", new { policy = "open" });
        await Parallel.ForAsync(0, Providers, async (index, _) => await EnrolAsync(client, index));
        List<(double, double)> measured = [];
        for (int round = 0; round < rounds; round++)
        {
            await Task.Delay(Between, TimeProvider.System);
            long started = TimeProvider.System.GetTimestamp();
            string text = await client.GetStringAsync("/metrics");
            measured.Add((TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, LimitMilliseconds));
            int shown = text.Split('\n').Count(line => line.StartsWith("phase_fleet_provider_serving{", StringComparison.Ordinal));
            if (shown != Providers)
            {
                throw new InvalidOperationException($"The scrape shows {shown} providers, expected {Providers}.");
            }
        }

        return [Row.From(RowNames[0], "ms", higherIsBetter: false, "the limit", measured)];
    }

    private static async Task EnrolAsync(HttpClient client, int index)
    {
        using var node = Ed25519PrivateKey.Generate();
        string[] replicas = [.. Enumerable.Range(1, 3).Select(kind => $"sha256:{kind:x64}")];
        await SendAsync(client, node, HttpMethod.Post, "/v1/providers", new
        {
            key = node.PublicKey.KeyId,
            arch = "x86_64",
            urls = new[] { $"http://10.0.{index / 250}.{index % 250}:8080/" },
            replicas,
        });
        await SendAsync(client, node, HttpMethod.Put, $"/v1/providers/{node.PublicKey.KeyId}/heartbeat", new
        {
            load = new { requests_in_flight = index % 7, bytes_per_second = 1000L * index },
            health = "ok",
        });
    }

    private static async Task SendAsync(HttpClient client, Ed25519PrivateKey key, HttpMethod method, string path, object body)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(body, Json);
        using HttpRequestMessage request = new(method, path) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/json");
        foreach ((string name, string value) in RequestSignature.Sign(method.Method, path, bytes, key, TimeProvider.System.GetUtcNow()))
        {
            request.Headers.Add(name, value);
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }
}
