using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding;

/// <summary>What clients see when more is asked for than goes on at once.</summary>
public sealed class AdmissionAnswerTests
{
    [Fact]
    public async Task Full_503SaysWhatIsFullAndWhenToComeBack_AndWhatCostsNothingIsAnswered()
    {
        AdmissionOptions admission = new() { MaxStreamsPerClient = 1, MaxWait = TimeSpan.FromMilliseconds(100) };
        SceneOptions options = new() { Admission = admission };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None);
        scene.Providers[0].BytesPerSecond = 200_000; // Half a minute for the rootfs: the stream stays.
        using HttpResponseMessage running = await scene.SendAsync(HttpMethod.Get, "/rootfs");

        using HttpResponseMessage refused = await scene.SendAsync(HttpMethod.Get, "/kernel");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.Null(refused.Headers.ETag);
        JsonElement problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(503, problem.GetProperty("status").GetInt32());
        JsonElement full = problem.GetProperty("full");
        Assert.Equal(("ClientStreams", 1, 1), (full.GetProperty("what").GetString(), full.GetProperty("limit").GetInt32(),
            full.GetProperty("inUse").GetInt32()));
        Assert.Equal(8192, full.GetProperty("queueLimit").GetInt32());

        string tag = $"\"{scene.DigestOf(ArtifactKind.Kernel)}\"";
        foreach ((HttpMethod method, string path, (string, string)[] headers, HttpStatusCode expected) in
            ((HttpMethod, string, (string, string)[], HttpStatusCode)[])
            [
                (HttpMethod.Head, "/kernel", [], HttpStatusCode.OK),
                (HttpMethod.Get, "/kernel", [("If-None-Match", tag)], HttpStatusCode.NotModified),
                (HttpMethod.Get, "/kernel", [("Range", "bytes=99999999-")], HttpStatusCode.RequestedRangeNotSatisfiable),
                (HttpMethod.Get, $"/blobs/{scene.Release.Manifest.Digest}", [], HttpStatusCode.OK),
            ])
        {
            using HttpResponseMessage response = await scene.SendAsync(method, path, headers);
            Assert.Equal(expected, response.StatusCode);
        }

        AdmissionReport report = scene.Admission.Report();
        Assert.Equal((1, 0, 1L), (report.Active, report.Waiting, report.Refused));
    }

    [Fact]
    public async Task WaitingRequest_BeginsWhenAnotherEnds_AndGoneClientsLeave()
    {
        SceneOptions options = new() { Admission = new AdmissionOptions { MaxStreamsPerClient = 1, MaxWait = ForwardingScene.Limit } };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None);
        scene.Providers[0].BytesPerSecond = 500_000;
        HttpResponseMessage running = await scene.SendAsync(HttpMethod.Get, "/rootfs");
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> impatient = scene.Client.GetAsync("/initramfs", gone.Token);
        await Eventually.IsAsync(() => scene.Admission.Report().Waiting == 1);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        await Eventually.IsAsync(() => scene.Admission.Report().Waiting == 0);
        Task<long> patient = scene.DownloadAsync(ArtifactKind.Kernel);
        await Eventually.IsAsync(() => scene.Admission.Report().Waiting == 1);

        scene.Providers[0].BytesPerSecond = null;
        running.Dispose();

        Assert.Equal(scene.SizeOf(ArtifactKind.Kernel), await patient.WaitAsync(ForwardingScene.Limit));
        await Eventually.IsAsync(() => scene.Admission.Report().Active == 0);
    }

    [Theory]
    [InlineData(BodyTransport.Best)]
    [InlineData(BodyTransport.Portable)]
    public async Task ClientsThatReadNothing_HoldNoStreamThatOthersNeed(BodyTransport transport)
    {
        SceneOptions options = new()
        {
            Release = new TestReleaseOptions { RootfsBytes = 24 << 20 },
            BodyTransport = transport,
            Admission = new AdmissionOptions { MaxStreams = 8, MaxStreamsPerClient = 64, MaxWait = ForwardingScene.Limit },
        };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None);
        List<Socket> stuck = [];
        for (int index = 0; index < 7; index++)
        {
            Socket socket = await scene.ConnectAsync(receiveBufferBytes: 4096);
            await socket.SendAsync(Encoding.ASCII.GetBytes("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n"));
            Assert.Equal(1, await socket.ReceiveAsync(new byte[1]));
            stuck.Add(socket);
        }

        await scene.DownloadAllAsync(8);

        // A download ends here a moment after its last byte is there.
        await Eventually.IsAsync(() => scene.Admission.Report() is var report && report.Slow + report.Active == 7);
        Assert.Equal(0, scene.Admission.Report().Refused);
        stuck.ForEach(socket => socket.Dispose());
        await Eventually.IsAsync(() => scene.Admission.Report() is { Active: 0, Slow: 0 });
    }

    [Theory]
    [InlineData(BodyTransport.Best)]
    [InlineData(BodyTransport.Portable)]
    public async Task UnderARate_BytesComeNoFaster_AndAreRight(BodyTransport transport)
    {
        const int rate = 8 << 20;
        SceneOptions options = new() { BodyTransport = transport, Admission = new AdmissionOptions { MaxRatePerClient = rate } };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None);
        long started = TimeProvider.System.GetTimestamp();

        await scene.DownloadAllAsync(4);

        // Loads make it slower, never faster.
        double least = 4.0 * scene.SizeOf(ArtifactKind.Rootfs) / rate;
        Assert.True(TimeProvider.System.GetElapsedTime(started).TotalSeconds > least * 0.9);
    }
}
