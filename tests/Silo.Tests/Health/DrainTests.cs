using System.Collections.Concurrent;
using System.Net;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Health;

public sealed class DrainTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Stop_DownloadInFlight_FinishesWhileNewClientsAreSentElsewhere(BodyTransport transport)
    {
        RememberedServiceManager manager = new();
        await using ServingScene scene = await new ServingScene
        {
            Limits = new ServingLimits { BodyTransport = transport },
            ServiceManager = manager,
        }.ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        Assert.Equal(["READY=1"], manager.Said);

        using RawExchange idle = new(await scene.ConnectAsync());
        await idle.SendAsync("HEAD /kernel HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.DoesNotContain("Connection: close", await idle.ReadHeadersAsync());
        using RawExchange download = new(await scene.ConnectAsync(receiveBufferBytes: 256 * 1024));
        await download.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        await download.ReadHeadersAsync();

        Task stopped = scene.Host.StopAsync();
        await Eventually.IsAsync(() => manager.Said.Contains("STOPPING=1"), "STOPPING=1");
        Assert.Contains("shutting down", (await scene.GetJsonAsync("/readyz", HttpStatusCode.ServiceUnavailable)).GetProperty("reasons")[0].GetString());
        Assert.Equal(200, (int)(await scene.Client.GetAsync("/livez")).StatusCode);
        Assert.Equal("draining", (await scene.GetJsonAsync("/")).GetProperty("state").GetString());
        await idle.SendAsync("GET /initramfs HTTP/1.1\r\nHost: a\r\n\r\n");
        string[] headers = await idle.ReadHeadersAsync();
        Assert.Contains("Connection: close", headers);
        Assert.Equal(300_001, (await idle.ReadToEndAsync()).Length);
        Assert.False(stopped.IsCompleted);

        byte[] body = await download.ReadBodyAsync(64 << 20);
        Assert.True(scene.Read("rootfs").AsSpan().SequenceEqual(body));
        await stopped.WaitAsync(ServingScene.Limit);
        await Assert.ThrowsAnyAsync<Exception>(() => scene.ConnectAsync());
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Stop_GracePeriodOver_CutsOffWhatIsLeft(BodyTransport transport)
    {
        await using ServingScene scene = await new ServingScene
        {
            Limits = new ServingLimits { BodyTransport = transport },
            DrainGracePeriod = TimeSpan.FromMilliseconds(300),
        }.ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        using RawExchange download = new(await scene.ConnectAsync(receiveBufferBytes: 256 * 1024));
        await download.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        await download.ReadHeadersAsync();
        await scene.Host.StopAsync().WaitAsync(ServingScene.Limit);
        Assert.True((await download.ReadToEndAsync()).Length < 64 << 20);
    }

    [Fact]
    public async Task Watchdog_IsFedForAsLongAsTheProviderRuns()
    {
        RememberedServiceManager manager = new() { WatchdogInterval = TimeSpan.FromMilliseconds(20) };
        await using ServingScene scene = new() { ServiceManager = manager };
        await scene.StartAsync();
        await Eventually.IsAsync(() => manager.Said.Count(said => said == "WATCHDOG=1") >= 3, "three WATCHDOG=1");
    }

    private sealed class RememberedServiceManager : IServiceManager
    {
        public ConcurrentQueue<string> Said { get; } = new();

        public TimeSpan? WatchdogInterval { get; init; }

        public void Notify(string state) => Said.Enqueue(state);
    }
}
