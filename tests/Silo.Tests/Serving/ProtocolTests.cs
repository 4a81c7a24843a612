using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PhaseMesh.Silo.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Serving;

public sealed class ProtocolTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task HeadThenGetThenPipelined_OnOneConnection_AllAnswerInOrder(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using RawExchange raw = new(await scene.ConnectAsync());
        await raw.SendAsync("HEAD /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(scene.Read("rootfs").Length, RawExchange.LengthIn(await raw.ReadHeadersAsync()));

        // Bodies short and long, a HEAD in between, all sent before the first answer is read.
        string[] names = ["initramfs", "rootfs", "kernel", "rootfs", "initramfs"];
        await raw.SendAsync(string.Concat(names.Select(name => $"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\nHEAD /{name} HTTP/1.1\r\nHost: a\r\n\r\n")));
        foreach (string name in names)
        {
            string[] headers = await raw.ReadHeadersAsync();
            Assert.Equal("HTTP/1.1 200 OK", headers[0]);
            byte[] body = await raw.ReadBodyAsync(RawExchange.LengthIn(headers));
            Assert.True(scene.Read(name).AsSpan().SequenceEqual(body), $"{name} differs");
            Assert.Equal("HTTP/1.1 200 OK", (await raw.ReadHeadersAsync())[0]);
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Http10_IsAnsweredAndClosed(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using RawExchange raw = new(await scene.ConnectAsync());
        await raw.SendAsync("GET /rootfs HTTP/1.0\r\n\r\n");
        await raw.ReadHeadersAsync();
        byte[] body = await raw.ReadToEndAsync();
        Assert.True(scene.Read("rootfs").AsSpan().SequenceEqual(body));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task ClientGoesAwayMidBody_OthersGoOnAndNothingIsLeftInFlight(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport, scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        for (int round = 0; round < 8; round++)
        {
            Socket socket = await scene.ConnectAsync(receiveBufferBytes: 64 * 1024);
            using RawExchange raw = new(socket);
            await raw.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
            await raw.ReadHeadersAsync();
            await raw.ReadBodyAsync(1000);
            socket.LingerState = new LingerOption(round % 2 == 0, 0); // A reset, and a polite close.
        }

        Assert.Equal(64 << 20, (await scene.Client.GetByteArrayAsync("/rootfs")).Length);
        await Eventually.IsAsync(() => scene.Host.Load.RequestsInFlight == 0, "no request in flight");
        Assert.DoesNotContain(scene.Log.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task SlowReader_IsCutOffWhileOthersAreServed(BodyTransport transport)
    {
        await using ServingScene scene = await new ServingScene
        {
            Limits = new ServingLimits { BodyTransport = transport, SliceTimeout = TimeSpan.FromSeconds(2) },
        }.ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        using Socket dripper = await scene.ConnectAsync(receiveBufferBytes: 64 * 1024);
        using RawExchange raw = new(dripper);
        await raw.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");

        await raw.ReadHeadersAsync();

        // It takes one byte at a time and no more, until the provider has had enough.
        byte[] one = new byte[1];
        Task drip = Task.Run(async () =>
        {
            while (scene.Host.Load.RequestsInFlight > 0 && await dripper.ReceiveAsync(one) == 1)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        });
        Assert.Equal(64 << 20, (await scene.Client.GetByteArrayAsync("/rootfs")).Length);
        await drip.WaitAsync(ServingScene.Limit);
        await scene.Log.WaitForAsync("for one slice of a download");
        Assert.True((await raw.ReadToEndAsync()).Length < 32 << 20, "The slow reader got more than socket buffers hold.");
    }

    [Theory]
    [InlineData("GET /kernel HTTP/1.1\r\nHost: a\r\nX: {16k}\r\n\r\n", 431)]
    [InlineData("GET /kernel HTTP/1.1\r\nHost: a\r\n{100 headers}\r\n", 431)]
    [InlineData("GET /{16k} HTTP/1.1\r\nHost: a\r\n\r\n", 414)]
    [InlineData("GET /kernel HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413)]
    [InlineData("GET /kernel HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 413)]
    [InlineData("POST /kernel HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405)]
    [InlineData("GET /kernel HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GARBAGE\r\n\r\n", 400)]
    [InlineData("GET /kernel HTTP/3.0\r\nHost: a\r\n\r\n", 505)]
    public async Task Abuse_IsAnsweredWithItsStatusAndClosed(string request, int status)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using RawExchange raw = new(await scene.ConnectAsync());
        await raw.SendAsync(request.Replace("{16k}", new string('x', 16 * 1024 + 1), StringComparison.Ordinal)
            .Replace("{100 headers}", string.Concat(Enumerable.Range(0, 100).Select(index => $"H{index}: v\r\n")), StringComparison.Ordinal));
        string answer = Encoding.Latin1.GetString(await raw.ReadToEndAsync());
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeadersThatNeverEnd_TimeOut()
    {
        await using ServingScene scene = await new ServingScene
        {
            Limits = new ServingLimits { HeaderTimeout = TimeSpan.FromSeconds(1) },
        }.ServeAsync();
        using RawExchange raw = new(await scene.ConnectAsync());
        await raw.SendAsync("GET /kernel HTTP/1.1\r\nHost: a\r\nX-Slow:");
        Assert.StartsWith("HTTP/1.1 408 ", Encoding.Latin1.GetString(await raw.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionsOfOneAddress_AreLimited()
    {
        await using ServingScene scene = await new ServingScene { Limits = new ServingLimits { MaxConnectionsPerAddress = 2 } }.ServeAsync();
        using RawExchange first = new(await scene.ConnectAsync());
        using RawExchange second = new(await scene.ConnectAsync());
        await first.SendAsync("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        await first.ReadHeadersAsync();
        await second.SendAsync("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        await second.ReadHeadersAsync();

        using (RawExchange third = new(await scene.ConnectAsync()))
        {
            Assert.StartsWith("HTTP/1.1 429 ", Encoding.Latin1.GetString(await third.ReadToEndAsync()), StringComparison.Ordinal);
        }

        first.Dispose();
        await Eventually.IsAsync(() => scene.Host.Load.Connections == 1, "only the second connection left");
        using RawExchange fourth = new(await scene.ConnectAsync());
        await fourth.SendAsync("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK", (await fourth.ReadHeadersAsync())[0]);
    }

    [Theory]
    [InlineData("DELETE", "/kernel", 405)]
    [InlineData("PUT", "/", 405)]
    [InlineData("OPTIONS", "/nowhere", 405)]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("GET", "/stable/arm64/kernel", 404)]
    [InlineData("GET", "/nightly/x86_64/manifest.json", 404)]
    [InlineData("GET", "/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", 404)]
    [InlineData("GET", "/blobs/md5:00", 400)]
    [InlineData("GET", "/../../etc/passwd", 404)]
    public async Task Errors_AreProblemJsonWithADetail(string method, string path, int status)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Parse(method), path);
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        if (status == 405)
        {
            Assert.Equal("GET, HEAD", string.Join(", ", response.Content.Headers.Allow));
        }

        using JsonDocument problem = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.RootElement.GetProperty("detail").GetString()!);
    }

    [Fact]
    public async Task IPv6AndIPv4_AreBothAnswered()
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpClient client = new();
        Assert.Equal(300_001, (await client.GetByteArrayAsync($"http://127.0.0.1:{scene.Host.BoundPort}/initramfs")).Length);
        Assert.Equal(300_001, (await client.GetByteArrayAsync($"http://[::1]:{scene.Host.BoundPort}/initramfs")).Length);
    }
}
