using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;
using Xunit.Abstractions;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>2,000 machines boot at once: each from its first call to joined, its calls spread over three silos on PostgreSQL.</summary>
[Collection("Fleet")]
public sealed class BootStormTests(FleetStorages storages, ITestOutputHelper output)
{
    private const int Boots = 2000;
    private const int Silos = 3;
    private static readonly string[] Before = ["discovered", "manifest", "fetching", "verified", "kexec"];

    [Fact]
    public async Task TwoThousandBoots_AtOnce_NoneLost_PhasesInOrder()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "postgres", Silos);
        await scene.As(scene.Operator).PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(FleetReleases.Manifest(1)));
        ConcurrentBag<double> milliseconds = [];
        long began = Stopwatch.GetTimestamp();
        string[] ids = await Task.WhenAll(Enumerable.Range(0, Boots).Select(number => BootAsync(scene, number, milliseconds)));
        TimeSpan took = Stopwatch.GetElapsedTime(began);

        Assert.Equal(Boots, ids.Distinct().Count());
        FleetAnswer counts = (await scene.As(null, silo: 2).GetAsync("/v1/boots/counts")).Expect(HttpStatusCode.OK);
        Assert.Equal(Boots, counts.Json.GetProperty("by_outcome").GetProperty("joined").GetInt32());
        HashSet<string> seen = [];
        string? after = null;
        do
        {
            FleetAnswer page = await scene.As(null, silo: 1)
                .GetAsync($"/v1/boots?limit=1000{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            foreach (JsonElement boot in page.Expect(HttpStatusCode.OK).Json.GetProperty("boots").EnumerateArray())
            {
                Assert.True(seen.Add(boot.GetProperty("boot_id").GetString()!));
                JsonElement[] phases = [.. boot.GetProperty("phases").EnumerateArray()];
                Assert.Equal(["created", .. Before, "joined"], phases.Select(phase => phase.GetProperty("phase").GetString()));
                DateTimeOffset[] heard = [.. phases.Select(phase => phase.GetProperty("received_at").GetDateTimeOffset())];
                Assert.Equal(heard.Order(), heard);
            }

            after = page["next"];
        }
        while (after is not null);
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        Assert.Equal(Boots, await ToldAsync(scene, ids));

        double[] sorted = [.. milliseconds.Order()];
        output.WriteLine(
            $"{Boots} boots, {sorted.Length} calls in {took.TotalSeconds:0.0} s ({sorted.Length / took.TotalSeconds:0} calls/s): "
            + $"p50 {sorted[sorted.Length / 2]:0} ms, p99 {sorted[(int)(sorted.Length * 0.99)]:0} ms, longest {sorted[^1]:0} ms");
    }

    private static async Task<string> BootAsync(FleetScene scene, int number, ConcurrentBag<double> milliseconds)
    {
        await Task.Yield();
        using var agent = Ed25519PrivateKey.Generate();
        using var node = Ed25519PrivateKey.Generate();
        string id = BootApiTests.NewBootId();
        int silo = number;
        FleetAnswer created = await CallAsync(agent, HttpMethod.Post, "/v1/boots", BootApiTests.Boot(id, machine: $"m{number}"));
        Assert.NotNull(created.Expect(HttpStatusCode.Created)["current"]);
        foreach (string phase in Before)
        {
            (await CallAsync(agent, HttpMethod.Post, $"/v1/boots/{id}/events", new[] { BootApiTests.Event(phase) }))
                .Expect(HttpStatusCode.OK);
        }

        (await CallAsync(node, HttpMethod.Post, "/v1/providers", BootApiTests.Enrolment(node, created["ticket"])))
            .Expect(HttpStatusCode.OK);
        (await CallAsync(node, HttpMethod.Put, $"/v1/providers/{node.PublicKey.KeyId}/heartbeat", new { health = "ok" }))
            .Expect(HttpStatusCode.OK);
        (await CallAsync(node, HttpMethod.Post, $"/v1/boots/{id}/events", new[] { BootApiTests.Event("joined") }))
            .Expect(HttpStatusCode.OK);
        return id;

        // Each call at another silo than the one before.
        async Task<FleetAnswer> CallAsync(Ed25519PrivateKey key, HttpMethod method, string path, object body)
        {
            long began = Stopwatch.GetTimestamp();
            FleetAnswer answer = await scene.As(key, ++silo % Silos).SendAsync(method, path, body);
            milliseconds.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            return answer;
        }
    }

    /// <summary>Follows the feed from its beginning, of each boot in the order of its phases.</summary>
    private static async Task<int> ToldAsync(FleetScene scene, string[] ids)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = scene.As(null).Request(HttpMethod.Get, "/v1/boots/stream?after=0", null);
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        await using Stream body = await response.Content.ReadAsStreamAsync();
        Dictionary<string, int> last = ids.ToDictionary(id => id, _ => -1);
        string[] order = ["created", .. Before, "enrolled", "joined"];
        int joined = 0;
        await foreach (System.Net.ServerSentEvents.SseItem<string> item in System.Net.ServerSentEvents.SseParser.Create(body)
            .EnumerateAsync())
        {
            using JsonDocument told = JsonDocument.Parse(item.Data);
            JsonElement boot = told.RootElement.GetProperty("boot");
            (string id, string what) = (boot.GetProperty("boot_id").GetString()!, boot.GetProperty("what").GetString()!);
            int step = Array.IndexOf(order, what);
            Assert.True(step == last[id] + 1, $"{id}: {what} came after {(last[id] < 0 ? "nothing" : order[last[id]])}");
            last[id] = step;
            joined += what == "joined" ? 1 : 0;
            if (joined == ids.Length)
            {
                break;
            }
        }

        return joined;
    }
}
