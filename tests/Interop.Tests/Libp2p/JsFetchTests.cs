using System.Security.Cryptography;
using System.Text.Json.Nodes;
using PhaseMesh.Libp2p;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>
/// /deboot/fetch/1.0.0 against an implementation over js-libp2p that was written from its description, in both directions.
/// </summary>
public sealed class JsFetchTests : IAsyncLifetime, IFetchContent
{
    private const int ArtifactBytes = 5_000_003;
    private static readonly byte[] Manifest = JsPattern.Block(777, 9);
    private static readonly byte[] Artifact = JsPattern.Block(ArtifactBytes, 7);
    private static readonly string Hash = "sha256:" + Hex(Artifact);
    private readonly JsPeer _js = new();
    private readonly IdentityKey _identity = IdentityKey.Generate();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private Libp2pHost _host = null!;
    private Multiaddr _jsAddress = null!;

    private CancellationToken Limit => _limit.Token;

    public async Task InitializeAsync()
    {
        await _js.InitializeAsync();
        _jsAddress = Multiaddr.Parse(await _js.StartNodeAsync());
        _host = await TestProtocols.StartHostAsync(_identity);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _js.DisposeAsync();
        _identity.Dispose();
        _limit.Dispose();
    }

    public ValueTask<IFetchSource?> OpenAsync(FetchRequest request, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IFetchSource?>(
            request.IsManifest ? new Bytes(Manifest, null) : request.Hash == Hash ? new Bytes(Artifact, Hash) : null);

    [Fact]
    public async Task TheyDialUs_ManifestArtifactAndRange_OverOneStream()
    {
        await using FetchServer server = FetchServer.Start(_host, this);
        JsonNode result = await _js.RunAsync(
            "fetchContent",
            ("address", TestProtocols.DialAddress(_host)),
            ("requests", new JsonArray(
                new JsonObject { ["type"] = "manifest" },
                new JsonObject { ["type"] = "manifest", ["channel"] = "stable", ["arch"] = "x86_64" },
                new JsonObject { ["hash"] = Hash },
                new JsonObject { ["hash"] = Hash, ["offset"] = 1_000_001, ["length"] = 2_000_002 },
                new JsonObject { ["hash"] = Hash, ["offset"] = ArtifactBytes, ["length"] = 1 },
                new JsonObject { ["hash"] = "sha256:" + new string('0', 64) },
                new JsonObject { ["hash"] = 7 },
                new JsonObject { ["hash"] = Hash, ["offset"] = ArtifactBytes - 3 })));
        JsonArray answers = result["answers"]!.AsArray();
        Assert.Equal(Hex(Manifest), Text(answers[0], "digest"));
        Assert.Equal(Hex(Manifest), Text(answers[1], "digest"));
        Assert.Equal((Hash, Hash["sha256:".Length..]), (Text(answers[2], "hash"), Text(answers[2], "digest")));
        Assert.Equal(Hex(Artifact.AsSpan(1_000_001, 2_000_002)), Text(answers[3], "digest"));
        Assert.Equal(ArtifactBytes, answers[3]!["size"]!.GetValue<long>());
        Assert.Equal("bad_range", Text(answers[4], "code"));
        Assert.Equal("not_found", Text(answers[5], "code"));
        Assert.Equal("bad_request", Text(answers[6], "code"));
        Assert.Equal(Hex(Artifact.AsSpan(^3..)), Text(answers[7], "digest"));
    }

    [Fact]
    public async Task WeDialThem_ManifestArtifactAndRange()
    {
        string hash = Text(await _js.RunAsync("serveContent", ("bytes", ArtifactBytes)), "hash")!;
        Assert.Equal(Hash, hash);
        _host.Peers.AddAddresses(_jsAddress.Peer!.Value, [_jsAddress]);
        FetchClient client = new(_host);
        Assert.Equal(Manifest, await FetchAsync(client, FetchRequest.Manifest()));
        Assert.Equal(Hash, "sha256:" + Hex(await FetchAsync(client, FetchRequest.Artifact(hash))));
        Assert.Equal(Hex(Artifact.AsSpan(4_000_000)), Hex(await FetchAsync(client, FetchRequest.Artifact(hash, 4_000_000))));
        byte[][] together = await Task.WhenAll(Enumerable.Range(0, 16).Select(
            index => FetchAsync(client, FetchRequest.Artifact(hash, index * 1000, 100_000))));
        Assert.All(together.Index(), part => Assert.True(Artifact.AsSpan(part.Index * 1000, 100_000).SequenceEqual(part.Item)));

        FetchRefusedException refused = await Assert.ThrowsAsync<FetchRefusedException>(
            () => FetchAsync(client, FetchRequest.Artifact(hash, ArtifactBytes, 1)));
        Assert.Equal(FetchErrorCode.BadRange, refused.Code);
        await using FetchSession session = await client.OpenAsync(_jsAddress.Peer.Value, Limit);
        for (int round = 0; round < 3; round++)
        {
            FetchResponse response = await session.FetchAsync(FetchRequest.Artifact(hash, round, 10), Limit);
            byte[] bytes = new byte[10];
            await response.Body.ReadExactlyAsync(bytes, Limit);
            Assert.Equal(Artifact[round..(round + 10)], bytes);
        }
    }

    [Fact]
    public async Task WeDialThem_BodyCutShort_Throws()
    {
        await _js.RunAsync("serveContent", ("bytes", 1000), ("cut", 1));
        _host.Peers.AddAddresses(_jsAddress.Peer!.Value, [_jsAddress]);
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(
            () => FetchAsync(new FetchClient(_host), FetchRequest.Manifest()));
        Assert.Contains("776 of 777", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WeDialThem_ProtocolNotSpoken_IsSaidSo()
    {
        _host.Peers.AddAddresses(_jsAddress.Peer!.Value, [_jsAddress]);
        Libp2pException exception = await Assert.ThrowsAsync<Libp2pException>(
            () => FetchAsync(new FetchClient(_host), FetchRequest.Manifest()));
        Assert.Equal(DropReason.NegotiationFailed, exception.Reason);
    }

    private async Task<byte[]> FetchAsync(FetchClient client, FetchRequest request)
    {
        await using FetchResponse response = await client.FetchAsync(_jsAddress.Peer!.Value, request, Limit);
        using MemoryStream all = new();
        await response.Body.CopyToAsync(all, Limit);
        return all.ToArray();
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string? Text(JsonNode? node, string name) => node![name]?.GetValue<string>();

    private sealed class Bytes(byte[] content, string? hash) : IFetchSource
    {
        public long SizeBytes => content.Length;

        public string? Hash => hash;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            int take = (int)Math.Min(buffer.Length, content.Length - offset);
            content.AsMemory((int)offset, take).CopyTo(buffer);
            return ValueTask.FromResult(take);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
