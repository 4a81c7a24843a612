using System.Net;
using System.Net.ServerSentEvents;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>The API while its database is away, and its streams.</summary>
[Collection("Fleet")]
public sealed class StorageAwayTests(FleetStorages storages)
{
    [Fact]
    public async Task Calls_WhileTheDatabaseIsAway_GetAProblemInTime_AndWorkAgainAfterwards()
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        await using FleetScene scene = await FleetScene.StartOnAsync(await server.NewDatabaseAsync(), callLimit: TimeSpan.FromSeconds(5));
        FleetCaller op = scene.As(scene.Operator);
        (await op.PutAsync("/v1/fleet/policy", new { policy = "open" })).Expect(HttpStatusCode.OK);
        (await op.GetAsync("/v1/snapshot")).Expect(HttpStatusCode.OK);

        await server.StopAsync();
        foreach ((HttpMethod method, string path, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/v1/providers", BootApiTests.Enrolment(scene.Node)),
                (HttpMethod.Post, "/v1/boots", BootApiTests.Boot(BootApiTests.NewBootId())),
            (HttpMethod.Get, "/v1/boots", null), (HttpMethod.Get, "/v1/providers", null), (HttpMethod.Get, "/v1/cluster", null),
        })
        {
            FleetAnswer away = await scene.As(scene.Node).SendAsync(method, path, body);
            Assert.True(away is { Status: HttpStatusCode.ServiceUnavailable, Slug: "storage-away" or "slow" },
                $"{method} {path}: {away.Text}");
            Assert.NotNull(away.Headers.RetryAfter);
        }

        (await op.GetAsync("/v1/snapshot")).Expect(HttpStatusCode.OK); // The last one there was.
        await server.StartAsync();
        FleetAnswer enrolled;
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        while ((enrolled = await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node))).Status
            == HttpStatusCode.ServiceUnavailable)
        {
            await Task.Delay(enrolled.Headers.RetryAfter!.Delta!.Value, TimeProvider.System, limit.Token);
        }

        enrolled.Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Stream_CutOff_GoesOnAtAnotherSiloAfterTheLastEvent()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "postgres", silos: 2);
        string id = BootApiTests.NewBootId();
        (await scene.As(scene.Node).PostAsync("/v1/boots", BootApiTests.Boot(id))).Expect(HttpStatusCode.Created);
        SseItem<string> created = Assert.Single(await ReadAsync(scene, 0, "0", 1));
        Assert.Contains(id, created.Data, StringComparison.Ordinal);

        foreach (string phase in new[] { "discovered", "manifest" })
        {
            await scene.As(scene.Node).PostAsync($"/v1/boots/{id}/events", new[] { BootApiTests.Event(phase) });
        }

        IReadOnlyList<SseItem<string>> rest = await ReadAsync(scene, 1, created.EventId!, 2);
        Assert.Collection(rest, one => Assert.Contains("\"what\":\"discovered\"", one.Data, StringComparison.Ordinal),
            two => Assert.Contains("\"what\":\"manifest\"", two.Data, StringComparison.Ordinal));
        (await scene.As(null).GetAsync("/v1/boots/stream?after=x")).Expect(HttpStatusCode.BadRequest, "invalid");
    }

    private static async Task<IReadOnlyList<SseItem<string>>> ReadAsync(FleetScene scene, int silo, string after, int count)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = scene.As(null, silo).Request(HttpMethod.Get, "/v1/boots/stream", null);
        request.Headers.Add("Last-Event-ID", after);
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        List<SseItem<string>> items = [];
        await using Stream body = await response.Content.ReadAsStreamAsync();
        await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync())
        {
            items.Add(item);
            if (items.Count == count)
            {
                break;
            }
        }

        return items;
    }
}
