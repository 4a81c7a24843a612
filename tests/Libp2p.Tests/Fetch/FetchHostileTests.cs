using System.Text;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Tests.Fetch;

/// <summary>Peers that break the protocol, on either side of it.</summary>
public sealed class FetchHostileTests : LimitedTests
{
    private static readonly string Hash = MemoryContent.SmallHash;
    public static TheoryData<string> BadRequests() =>
    [
        "", "{", "[]", "null", "7", "\"manifest\"", "{}", "{} x", "{}{}", "{\"type\":\"manifest\"}}", "{\"type\":\"manifest\",}",
        "{\"type\":7}", "{\"type\":\"list\"}", "{\"type\":null}", "{\"type\":{}}", "{\"type\":[\"manifest\"]}", "{\"Type\":\"manifest\"}",
        "{\"type\":\"manifest\",\"type\":\"manifest\"}", "{\"type\":\"manifest\",\"channel\":\"stable\"}",
        "{\"type\":\"manifest\",\"channel\":\"../etc\",\"arch\":\"x\"}", "{\"type\":\"manifest\",\"channel\":\"\",\"arch\":\"x\"}",
        "{\"type\":\"manifest\",\"offset\":1}", "{\"type\":\"manifest\",\"extra\":true}", $"{{\"type\":\"manifest\",\"hash\":\"{Hash}\"}}",
        "{\"hash\":7}", "{\"hash\":\"\"}", "{\"hash\":\"sha256:00\"}",
        $"{{\"hash\":\"{Hash.ToUpperInvariant()}\"}}", $"{{\"hash\":\"{Hash}0\"}}",
        $"{{\"hash\":\"{Hash}\",\"offset\":-1}}", $"{{\"hash\":\"{Hash}\",\"length\":-1}}", $"{{\"hash\":\"{Hash}\",\"offset\":1.5}}",
        $"{{\"hash\":\"{Hash}\",\"offset\":1e3}}",
        $"{{\"hash\":\"{Hash}\",\"offset\":\"1\"}}", $"{{\"hash\":\"{Hash}\",\"length\":99999999999999999999}}",
        $"{{\"hash\":\"{Hash}\",\"length\":true}}", "{\"hash\":\"\\ud800\"}", "{\"\\ud800\":1}", "{\"type\":\"manifest\"/*x*/}",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}",
    ];

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task BadJson_IsRefusedInWords_AndTheStreamGoesOn(string json)
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using MuxedStream stream = await pair.RawAsync(Limit);
        await LengthPrefixed.WriteAsync(stream, Encoding.UTF8.GetBytes(json), Limit);
        FetchAnswer refused = await AnswerAsync(stream);
        Assert.Equal(FetchErrorCode.BadRequest, refused.Code);
        Assert.NotEmpty(refused.Error!);
        Assert.Empty(pair.Content.Requests);
        await LengthPrefixed.WriteAsync(stream, FetchRequest.Manifest().Encode(), Limit);
        Assert.Equal(777, (await AnswerAsync(stream)).LengthBytes);
    }

    [Fact]
    public async Task InvalidUtf8_IsRefused()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using MuxedStream stream = await pair.RawAsync(Limit);
        await LengthPrefixed.WriteAsync(stream, (byte[])[.. "{\"type\":\""u8, 0xc3, 0x28, .. "\"}"u8], Limit);
        Assert.Equal("It is not UTF-8.", (await AnswerAsync(stream)).Error);
    }

    [Fact]
    public async Task ManyBadRequests_DropTheConnection()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using MuxedStream stream = await pair.RawAsync(Limit);
        PeerConnection connection = Assert.Single(pair.Peer.Connections);
        await Assert.ThrowsAsync<Libp2pException>(async () =>
        {
            while (true)
            {
                await LengthPrefixed.WriteAsync(stream, "nonsense"u8.ToArray(), Limit);
                await AnswerAsync(stream);
            }
        });
        await connection.Completion.WaitAsync(Limit);
    }

    [Theory]
    [InlineData(new byte[] { 0x81, 0x20 }, "4097 bytes is announced")] // One more than is accepted.
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, "is announced")] // 2^63 - 1.
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, "length is malformed")]
    [InlineData(new byte[] { 0x80, 0x00 }, "length is malformed")]
    public async Task OversizeRequest_ResetsTheStream(byte[] prefix, string words)
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using MuxedStream stream = await pair.RawAsync(Limit);
        await stream.WriteAsync(prefix, Limit);
        await Assert.ThrowsAsync<Libp2pException>(() => AnswerAsync(stream).AsTask());
        await pair.Hosts.LoggedAsync(words, Limit);
        Assert.Equal(777, (await pair.BytesAsync(FetchRequest.Manifest(), Limit)).Length);
    }

    [Fact]
    public async Task RequestCutShort_IsAFaultAndFreesThePlace()
    {
        await using FetchPair pair = await FetchPair.StartAsync();
        await using MuxedStream stream = await pair.RawAsync(Limit);
        await stream.WriteAsync(LengthPrefixed.Frame(FetchRequest.Manifest().Encode()).AsMemory(0, 10), Limit);
        await stream.CloseWriteAsync(Limit);
        await pair.Hosts.LoggedAsync("in the middle of a message", Limit);
        while (pair.Serving.ActiveStreams > 0)
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_PeerThatEndsInMidBody_Throws(bool byReset)
    {
        TaskCompletionSource headArrived = new();
        await using FetchPair pair = await FakeServerAsync(async stream =>
        {
            await LengthPrefixed.WriteAsync(stream, FetchAnswer.Grant(1000, 0, 1000, null).Encode(), Limit);
            await stream.WriteAsync(new byte[999], Limit);
            if (byReset)
            {
                await headArrived.Task.WaitAsync(Limit); // A reset drops what the reader has not taken.
                stream.Reset(DropReason.LocalClose);
            }
        });
        await using FetchResponse response = await pair.Client.FetchAsync(pair.Server.LocalPeer, FetchRequest.Manifest(), Limit);
        headArrived.SetResult();
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(() => response.Body.CopyToAsync(Stream.Null, Limit));
        Assert.Equal(byReset ? DropReason.RemoteReset : DropReason.RemoteClose, exception.Reason);
        // And again: nobody can mistake it for an end.
        await Assert.ThrowsAnyAsync<IOException>(() => response.Body.CopyToAsync(Stream.Null, Limit));
    }

    [Fact]
    public async Task Client_PeerThatSendsMoreThanItSaid_GivesOnlyWhatItSaid()
    {
        await using FetchPair pair = await FakeServerAsync(async stream =>
        {
            await LengthPrefixed.WriteAsync(stream, FetchAnswer.Grant(10, 0, 10, null).Encode(), Limit);
            await stream.WriteAsync(new byte[1000], Limit);
        });
        Assert.Equal(10, (await pair.BytesAsync(FetchRequest.Manifest(), Limit)).Length);
    }

    [Theory]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":0,\"length\":6}", "not within")]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":6,\"length\":0}", "not within")]
    [InlineData("{\"ok\":true,\"size\":9223372036854775807,\"offset\":2,\"length\":9223372036854775807}", "not within")]
    [InlineData("{\"ok\":true,\"size\":-1,\"offset\":0,\"length\":0}", "'size' is -1")]
    [InlineData("{\"ok\":true,\"size\":5}", "missing")]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":1,\"length\":4}", "begins at 1")]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":0,\"length\":4}", "asked for were 5")]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":0,\"length\":5,\"hash\":\"sha256:1\"}", "no hash")]
    [InlineData("{\"ok\":true,\"size\":5,\"offset\":0,\"length\":5,\"code\":\"busy\"}", "does not belong")]
    [InlineData("{\"ok\":\"yes\"}", "neither true nor false")]
    [InlineData("{\"size\":5}", "'ok' is missing")]
    [InlineData("{\"ok\":false}", "missing")]
    [InlineData("{\"ok\":false,\"error\":\"x\",\"code\":\"teapot\"}", "which is none")]
    [InlineData("HTTP/1.1 200 OK", "no JSON")]
    public async Task Client_AnswerAgainstTheRules_IsRefused(string json, string words)
    {
        await using FetchPair pair = await FakeServerAsync(
            stream => LengthPrefixed.WriteAsync(stream, Encoding.UTF8.GetBytes(json), Limit).AsTask());
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(() => pair.BytesAsync(FetchRequest.Manifest(), Limit));
        Assert.Equal(DropReason.MessageInvalid, exception.Reason);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_AnswerForAnotherHash_IsRefused()
    {
        await using FetchPair pair = await FakeServerAsync(
            stream => LengthPrefixed.WriteAsync(stream, FetchAnswer.Grant(5, 0, 5, MemoryContent.HugeHash).Encode(), Limit).AsTask());
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(() => pair.BytesAsync(FetchRequest.Artifact(Hash), Limit));
        Assert.Contains("asked for was " + Hash, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_PeerThatClosesWithoutAnAnswer_Throws()
    {
        await using FetchPair pair = await FakeServerAsync(static _ => Task.CompletedTask);
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(() => pair.BytesAsync(FetchRequest.Manifest(), Limit));
        Assert.Equal(DropReason.RemoteClose, exception.Reason);
    }

    [Fact]
    public async Task Client_RefusalWithAHostileText_IsOneShortLine()
    {
        string escapes = string.Concat(Enumerable.Repeat("\\u001b[2J\\n", 20));
        string json = $"{{\"ok\":false,\"code\":\"busy\",\"error\":\"{escapes}{new string('x', 3000)}\"}}";
        await using FetchPair pair = await FakeServerAsync(
            stream => LengthPrefixed.WriteAsync(stream, Encoding.UTF8.GetBytes(json), Limit).AsTask());
        FetchRefusedException exception = await Assert.ThrowsAsync<FetchRefusedException>(
            () => pair.BytesAsync(FetchRequest.Manifest(), Limit));
        Assert.InRange(exception.Message.Length, 512, 700);
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }

    [Fact]
    public void Messages_ThatThisSideWrites_FitTheLimit()
    {
        string worst = new('<', 100_000);
        Assert.InRange(FetchAnswer.Refuse(FetchErrorCode.Unavailable, worst).Encode().Length, 512, FetchProtocol.MaxMessageBytes);
        Assert.Throws<ArgumentException>(() => FetchRequest.Artifact("sha256:1"));
        Assert.Throws<ArgumentOutOfRangeException>(() => FetchRequest.Artifact(Hash, -1));
        Assert.Throws<ArgumentException>(() => FetchRequest.Manifest("Stable", "x86_64"));
    }

    private static async Task<FetchPair> FakeServerAsync(Func<MuxedStream, Task> answer)
    {
        FetchPair pair = await FetchPair.StartAsync();
        await pair.Serving.DisposeAsync();
        pair.Server.Handle(FetchProtocol.Id, async (stream, cancellationToken) =>
        {
            await LengthPrefixed.ReadAsync(stream.Stream.Input, FetchProtocol.MaxMessageBytes, cancellationToken);
            await answer(stream.Stream);
        });
        return pair;
    }

    private async ValueTask<FetchAnswer> AnswerAsync(MuxedStream stream)
    {
        byte[]? json = await LengthPrefixed.ReadAsync(stream.Input, FetchProtocol.MaxMessageBytes, Limit)
            ?? throw new Libp2pException(DropReason.RemoteClose, "closed");
        Assert.True(FetchAnswer.TryRead(json, out FetchAnswer? answer, out string? problem), problem);
        return answer;
    }
}
