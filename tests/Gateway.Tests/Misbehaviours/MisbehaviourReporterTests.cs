using System.Text;
using System.Text.Json;
using PhaseMesh.Gateway.Misbehaviours;
using PhaseMesh.Gateway.Tests.Api;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Misbehaviours;

/// <summary>A whole gateway between a lying provider and silos.</summary>
public class MisbehaviourReporterTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replica_ThatLies_IsReportedWithProof_SignedByTheGateway(bool isConfiguredByUrl)
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        string accused = release.Key.PublicKey.KeyId;
        await using FaultyProvider liar = Liar(release, accused);
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        silo.Snapshot = isConfiguredByUrl ? silo.Snapshot : SnapshotOf(release, liar.Url);
        await using GatewayScene scene = await GatewayScene.StartAsync(
            directory, release, isConfiguredByUrl ? [new Uri(liar.Url)] : [], options => options with { Silos = [silo.Url] });
        await scene.ReadyAsync();
        using CancellationTokenSource enough = new();
        Task<HttpResponseMessage> download = scene.Client.GetAsync("/kernel", enough.Token);

        await Eventually.IsAsync(() => silo.Bodies.Count > 0);

        FakeSiloBody told = silo.Bodies[0];
        Assert.Equal(("POST", $"/v1/providers/{accused}/misbehaviour"), (told.Method, told.PathAndQuery));
        RequestVerdict verdict = RequestSignature.Verify(
            told.Method, told.PathAndQuery, told.Body, told.Header, TimeProvider.System.GetUtcNow());
        Assert.Equal(Manifests.Signing.NodeIdentity.LoadOrCreate(directory.At("gateway")).PublicKey, verdict.Signer);
        ManifestArtifact kernel = release.Manifest.Artifacts[ArtifactKind.Kernel];
        JsonElement report = JsonDocument.Parse(told.Body).RootElement;
        Assert.Equal((release.Manifest.Digest.ToString(), kernel.Digest.ToString()), (Text("manifest"), Text("artifact")));
        int chunk = report.GetProperty("chunk").GetInt32();
        Assert.Equal(kernel.Chunks![chunk].ToString(), Text("expected"));
        Assert.NotEqual(Text("expected"), Text("actual"));
        Assert.Equal(kernel.Chunks.RangeOf(chunk), (report.GetProperty("offset").GetInt64(), report.GetProperty("length_bytes").GetInt32()));
        Assert.True(report.GetProperty("at").GetDateTimeOffset() > TimeProvider.System.GetUtcNow().AddMinutes(-10));
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download);
        await Eventually.IsAsync(async () => await scene.Client.GetStringAsync("/metrics") is var metrics
            && metrics.Contains("phase_gateway_reports_total{event=\"taken\"} ", StringComparison.Ordinal)
            && !metrics.Contains("phase_gateway_reports_total{event=\"taken\"} 0\n", StringComparison.Ordinal)
            && metrics.Contains("\nphase_gateway_reports_waiting 0\n", StringComparison.Ordinal));

        string Text(string name) => report.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Report_WhileNoSiloTakesIt_WaitsOnDiskAcrossARestart()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider liar = Liar(release, release.Key.PublicKey.KeyId);
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        silo.Snapshot = SnapshotOf(release, liar.Url);
        silo.Status = 503;
        await using (GatewayScene first = await GatewayScene.StartAsync(directory, release, [], options => options with { Silos = [silo.Url] }))
        {
            await first.ReadyAsync();
            using CancellationTokenSource enough = new();
            Task<HttpResponseMessage> download = first.Client.GetAsync("/kernel", enough.Token);
            await Eventually.IsAsync(() => silo.Bodies.Count > 0);
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download);
        }

        Assert.Contains(release.Key.PublicKey.KeyId, await File.ReadAllTextAsync(directory.At("gateway/reports.json")), StringComparison.Ordinal);
        await liar.StopAsync();
        silo.Snapshot = """{"version":3,"releases":[],"providers":[]}""";
        int before = silo.Bodies.Count;
        silo.Status = 200;
        await using GatewayScene second = await GatewayScene.StartAsync(directory, release, [], options => options with { Silos = [silo.Url] });

        await Eventually.IsAsync(() => silo.Bodies.Count > before);
        await Eventually.IsAsync(async () => !(await ReadAsync(directory.At("gateway/reports.json"))).Contains("ed25519", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Report_ThatSilosRefuse_IsNotToldAgain()
    {
        using TestRelease release = TestRelease.Create();
        await using FakeSilo silo = await FakeSilo.StartAsync("a");
        await using FakeSilo second = await FakeSilo.StartAsync("b");
        using ReportSender sender = new(TimeProvider.System);
        silo.Status = 403;

        ReportOutcome refused = await sender.SendAsync([silo.Url, second.Url], Some(1), release.Key, CancellationToken.None);
        Assert.Equal((true, false, 0), (refused.IsFinal, refused.IsTaken, second.Calls));

        silo.Status = 429;
        second.Status = 503;
        Assert.False((await sender.SendAsync([silo.Url, second.Url], Some(1), release.Key, CancellationToken.None)).IsFinal);
        second.Status = 200;
        Assert.True((await sender.SendAsync([silo.Url, second.Url], Some(1), release.Key, CancellationToken.None)).IsTaken);
        await second.DisposeAsync();
        Assert.False((await sender.SendAsync([second.Url], Some(1), release.Key, CancellationToken.None)).IsFinal);
    }

    [Fact]
    public void Queue_IsBounded_ForgetsTheOldest_AndTellsNothingTwice()
    {
        using ReleaseDirectory directory = new();
        ReportQueue queue = NewQueue(directory);
        for (int i = 0; i <= ReportQueue.Most; i++)
        {
            queue.Add(Some(i));
            queue.Add(Some(i));
        }

        Assert.Equal((ReportQueue.Most, 1), (queue.Count, queue.First!.Chunk));
        ReportQueue again = NewQueue(directory);
        again.Load();
        Assert.Equal((ReportQueue.Most, queue.First), (again.Count, again.First));
        again.RemoveFirst();
        Assert.Equal(2, again.First!.Chunk);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{}]")]
    [InlineData("{\"a\":1}")]
    public void Queue_FileIsNonsense_IsPassedOver(string text)
    {
        using ReleaseDirectory directory = new();
        File.WriteAllText(directory.At("reports.json"), text);
        ReportQueue queue = NewQueue(directory);
        queue.Load();
        Assert.Null(queue.First);
        queue.Add(Some(1));
        Assert.Equal(1, queue.Count);
    }

    private static ReportQueue NewQueue(ReleaseDirectory directory) =>
        new(directory.Root, Microsoft.Extensions.Logging.Abstractions.NullLogger<ReportQueue>.Instance);

    private static PendingReport Some(int chunk) => new(
        "sha256:m", "sha256:a", chunk, "sha256:x", "ed25519:p", "sha256:e", "http://a/blobs", chunk * 65536L, 65536, DateTimeOffset.UnixEpoch);

    private static FaultyProvider Liar(TestRelease release, string key) =>
        new(release, ProviderFault.FlipsByte) { StatusKey = key, FaultyArtifact = ArtifactKind.Kernel };

    private static async Task<string> ReadAsync(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(await File.ReadAllBytesAsync(path));
        }
        catch (FileNotFoundException)
        {
            return "ed25519"; // Being replaced.
        }
    }

    private static string SnapshotOf(TestRelease release, string url) => $$"""
        {"version":2,"releases":[{"channel":"stable","arch":"x86_64","manifest_base64":"{{Convert.ToBase64String(release.Manifest.RawBytes.Span)}}"}],
         "providers":[{"key":"{{release.Key.PublicKey.KeyId}}","urls":["{{url}}"],"weight":1,"state":"serving",
          "replicas":[{{string.Join(',', release.Manifest.Artifacts.Values.Select(artifact => $"\"{artifact.Digest}\""))}}]}]}
        """;
}
