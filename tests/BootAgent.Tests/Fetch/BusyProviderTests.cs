using System.Net;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

/// <summary>503 and Retry-After: the agent comes back when it is asked to, and asks others meanwhile.</summary>
public class BusyProviderTests
{
    [Theory]
    [InlineData(65536)]
    [InlineData(null)]
    public async Task RunAsync_TheOnlyProviderIsBusy_WaitsAsAskedPastEveryOtherLimit(int? chunkSizeBytes)
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { ChunkSizeBytes = chunkSizeBytes });
        await using FaultyProvider provider = new(release, ProviderFault.Busy) { FaultyArtifact = ArtifactKind.Initramfs };
        using AgentHarness agent = new(release, provider.Url);
        // Shorter than what it is asked to wait, and fewer requests than it takes: without the rule this boot fails.
        agent.Limits = agent.Limits with
        {
            NoProgressLimit = TimeSpan.FromMilliseconds(500),
            MaxFruitlessAttempts = 1,
            StallWindow = TimeSpan.FromSeconds(30),
        };
        agent.OnText = _ =>
        {
            if (provider.Requests.Count(each => each.Artifact == ArtifactKind.Initramfs) >= 6)
            {
                provider.Fault = ProviderFault.None;
            }
        };

        await agent.ExpectSuccessAsync();

        Assert.Contains("busy, asks to come back in 1 s; asking again in", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_AnotherProviderIsNotBusy_FetchesThereWithoutWaiting()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider busy = new(release, ProviderFault.Busy) { RetryAfter = "3600" };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, busy.Url, good.Url);

        await agent.ExpectSuccessAsync(); // Within the harness' limit, far below the least wait.

        Assert.All(
            busy.Requests.Where(each => each.Artifact is not null).GroupBy(each => each.Artifact),
            requests => Assert.Single(requests));
        Assert.Contains("the others carry on", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_BusyForever_FailsWhenItsPatienceEnds()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.Busy) { FaultyArtifact = ArtifactKind.Kernel };
        using AgentHarness agent = new(release, provider.Url);
        agent.Limits = agent.Limits with { BusyLimit = TimeSpan.FromSeconds(3) };

        await agent.ExpectFailureAsync(AgentExitCode.FetchFailed);

        Assert.Contains("busy", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TheManifestsProviderIsBusy_IsAskedAgainWhenItSaid()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release, ProviderFault.Busy) { FaultIsInManifest = true };
        using AgentHarness agent = new(release, provider.Url);
        Task run = agent.ExpectSuccessAsync();
        while (provider.Requests.Count < 2)
        {
            Assert.False(run.IsCompleted, agent.Text);
            await Task.Yield();
        }

        provider.Fault = ProviderFault.None;
        await run;

        // Asking at its own pace it would have been dozens: the first pause is 20 ms.
        Assert.InRange(provider.Requests.Count(each => each.Path.EndsWith("manifest.json", StringComparison.Ordinal)), 2, 6);
    }

    [Theory]
    [InlineData("7", null, 7)]
    [InlineData("Sat, 21 Nov 2026 10:00:30 GMT", "Sat, 21 Nov 2026 10:00:00 GMT", 30)]
    [InlineData("Sat, 21 Nov 2026 10:00:30 GMT", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("soon", null, null)]
    [InlineData("0", null, null)]
    [InlineData(null, null, null)]
    public async Task GetAsync_RetryAfter_IsReadByTheServersClock(string? retryAfter, string? date, int? seconds)
    {
        using HttpListenerStub server = new($"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
            + (retryAfter is null ? "" : $"Retry-After: {retryAfter}\r\n") + (date is null ? "" : $"Date: {date}\r\n") + "\r\n");
        await using HttpTransport transport = new(new FetchLimits());

        HttpAnswer answer = await transport.GetAsync(server.Url, null, null, null, CancellationToken.None);

        Assert.Equal(FaultKind.ServerError, answer.Fault!.Kind);
        Assert.Equal(seconds, answer.Fault.RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(29)]
    [InlineData(3600)]
    public void Obeyed_IsBoundedAndSpread(int seconds)
    {
        FetchLimits limits = new();
        double least = Math.Min(seconds, limits.LongestRetryAfter.TotalSeconds);
        double[] waits = [.. Enumerable.Range(0, 200).Select(_ => limits.Obeyed(TimeSpan.FromSeconds(seconds)).TotalSeconds)];

        Assert.All(waits, wait => Assert.InRange(wait, least, least * 1.25));
        Assert.True(waits.Max() - waits.Min() > least * 0.1, "All would come back at once.");
    }

    /// <summary>Answers one connection with these bytes.</summary>
    private sealed class HttpListenerStub : IDisposable
    {
        private readonly System.Net.Sockets.TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;

        public HttpListenerStub(string answer)
        {
            _listener.Start();
            _serving = ServeAsync(answer);
        }

        public Uri Url => new($"http://{_listener.LocalEndpoint}/kernel");

        public void Dispose()
        {
            _serving.GetAwaiter().GetResult();
            _listener.Dispose();
        }

        private async Task ServeAsync(string answer)
        {
            using System.Net.Sockets.TcpClient client = await _listener.AcceptTcpClientAsync();
            byte[] request = new byte[4096];
            Assert.True(await client.GetStream().ReadAsync(request) > 0);
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
        }
    }
}
