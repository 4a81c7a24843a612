using System.Net;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Api;

public class SiloTests
{
    [Fact]
    public async Task Silos_NameReleaseAndProviders_TheGatewayServesThem()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release);
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        await using GatewayScene scene = await StartAsync(directory, release, silo);
        silo.Snapshot = SnapshotOf(release, provider.Url, "serving");
        await scene.ReadyAsync();

        byte[] kernel = await scene.Client.GetByteArrayAsync("/kernel");
        Assert.Equal(release.Manifest.Artifacts[ArtifactKind.Kernel].Digest, Sha256Digest.Compute(kernel));
        ReplicaEndpoint endpoint = Assert.Single(
            scene.Host.Directory.Current.Replicas[release.Manifest.Artifacts[ArtifactKind.Kernel].Digest]);
        Assert.Equal(
            (release.Key.PublicKey.KeyId, new ReplicaSite("ber", "r1"), 2.0), (endpoint.ProviderId, endpoint.Site, endpoint.Weight));

        silo.Snapshot = SnapshotOf(release, provider.Url, "quarantined");
        await scene.Host.Directory.WaitForAsync(snapshot => snapshot.Replicas.Count == 0, CancellationToken.None)
            .WaitAsync(Programs.Limit);
        Assert.Single(scene.Host.Directory.Current.Releases);
    }

    [Fact]
    public async Task Silos_QuarantineOneThatIsConfiguredByUrl_ItIsAskedForNothingUntilTheyReleaseIt()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = release.Key.PublicKey.KeyId };
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        await using GatewayScene scene = await GatewayScene.StartAsync(
            directory, release, [new Uri(provider.Url)], options => options with { Silos = [silo.Url] });
        await scene.Host.Directory.WaitForAsync(snapshot => snapshot.Replicas.Count > 0, CancellationToken.None).WaitAsync(Programs.Limit);

        silo.Snapshot = SnapshotOf(release, "http://192.0.2.1", "quarantined");
        await scene.Host.Directory.WaitForAsync(snapshot => snapshot.Replicas.Count == 0, CancellationToken.None).WaitAsync(Programs.Limit);

        silo.Snapshot = """{"version":3,"releases":[],"providers":[]}""";
        await scene.Host.Directory.WaitForAsync(snapshot => snapshot.Replicas.Count > 0, CancellationToken.None).WaitAsync(Programs.Limit);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("""{"releases":[null,{"manifest_base64":"!"},{"manifest_base64":"e30="}],"providers":[null,{},{"key":"x","state":"serving"}]}""")]
    public async Task Silo_AnswersNonsense_TheNextIsAsked(string nonsense)
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release);
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        silo.Snapshot = nonsense;
        await using FakeSilo good = await FakeSilo.StartAsync("b");
        await using GatewayScene scene = await StartAsync(directory, release, silo, good);
        await Eventually.IsAsync(() => silo.SnapshotCalls > 0);
        bool isSnapshot = nonsense.StartsWith("{\"r", StringComparison.Ordinal);
        if (isSnapshot)
        {
            // A list with holes is a snapshot of nothing: nobody else is asked, and the next one of the same silo counts.
            await Eventually.IsAsync(() => scene.Host.Directory.Answering == 1);
            Assert.Equal((0, 0), (scene.Host.Directory.Current.Releases.Count, good.SnapshotCalls));
        }

        (isSnapshot ? silo : good).Snapshot = SnapshotOf(release, provider.Url, "serving");
        await scene.ReadyAsync();
        Assert.Equal(release.Manifest.Digest, scene.Host.Directory.Current.Releases[0].Manifest.Digest);
    }

    [Fact]
    public async Task Api_AGetToASiloInTrouble_IsAnsweredByTheNext()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FakeSilo first = await FakeSilo.StartAsync("first");
        await using FakeSilo second = await FakeSilo.StartAsync("second");
        await using GatewayScene scene = await StartAsync(directory, release, first, second);
        first.Status = 503;

        using HttpRequestMessage get = new(HttpMethod.Get, "/v1/boots?limit=3");
        get.Headers.Add("Phase-Key", "ed25519:00");
        using HttpResponseMessage answer = await scene.Client.SendAsync(get);
        Assert.Equal("second GET /v1/boots?limit=3 ed25519:00 ", await answer.Content.ReadAsStringAsync());

        second.Status = 503;
        using HttpResponseMessage refused = await scene.Client.PostAsync("/v1/boots", new StringContent("once"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal((1, 2), (first.Calls, second.Calls));

        await second.DisposeAsync();
        first.Status = 201;
        using HttpResponseMessage posted = await scene.Client.PostAsync("/v1/boots", new StringContent("twice"));
        Assert.Equal("first POST /v1/boots  twice", await posted.Content.ReadAsStringAsync());
        await first.DisposeAsync();
        using HttpResponseMessage nobody = await scene.Client.GetAsync("/v1/boots");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, nobody.StatusCode);
        Assert.Equal("application/problem+json", nobody.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Api_ABodyTooLarge_IsRefused()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        await using GatewayScene scene = await StartAsync(directory, release, silo);

        using HttpResponseMessage refused = await scene.Client.PostAsync("/v1/boots", new ByteArrayContent(new byte[(1 << 20) + 1]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Api_AStreamOfEvents_ComesAsItIsSent()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        await using GatewayScene scene = await StartAsync(directory, release, silo);
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/boots/stream");
        request.Headers.Add("Accept", "text/event-stream");

        using HttpResponseMessage stream = await scene.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await stream.Content.ReadAsStreamAsync());
        Assert.Equal("data: first", await reader.ReadLineAsync().WaitAsync(Programs.Limit));
        silo.SecondEvent.SetResult();
        Assert.Equal("", await reader.ReadLineAsync());
        Assert.Equal("data: second", await reader.ReadLineAsync().WaitAsync(Programs.Limit));
    }

    private static Task<GatewayScene> StartAsync(ReleaseDirectory directory, TestRelease release, params FakeSilo[] silos) =>
        GatewayScene.StartAsync(directory, release, [], options => options with { Silos = [.. silos.Select(silo => silo.Url)] });

    private static string SnapshotOf(TestRelease release, string url, string state) => $$"""
        {"version":2,"taken_at":"2026-11-21T00:00:00Z",
         "releases":[{"channel":"stable","arch":"x86_64","manifest_base64":"{{Convert.ToBase64String(release.Manifest.RawBytes.Span)}}"}],
         "providers":[{"key":"{{release.Key.PublicKey.KeyId}}","urls":["{{url}}"],"site":"ber","rack":"r1","weight":2,"state":"{{state}}",
          "replicas":[{{string.Join(',', release.Manifest.Artifacts.Values.Select(artifact => $"\"{artifact.Digest}\""))}}]}]}
        """;
}
