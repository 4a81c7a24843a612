using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Identity;
using PhaseMesh.Silo.Tests.Advertising.Dht;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Commands.Dht;

/// <summary>Against real nodes on loopback.</summary>
public sealed class DhtCommandTests : IAsyncLifetime, IDisposable
{
    private readonly CommandScene _scene = new() { Time = TimeProvider.System };
    private readonly DhtMesh _mesh = new();
    private ServingScene _provider = null!;
    private string _peer = "";

    public async Task InitializeAsync()
    {
        await _mesh.StartAsync(2);
        _provider = await _mesh.Node().ServeAsync();
        ServingScene last = _mesh.Node();
        await last.StartAsync();
        _peer = DhtMesh.AddressOf(last).ToString();
        await _mesh.UntilAsync(_mesh.GetAsync, static found => found is not null);
        await _mesh.UntilAsync(_mesh.FindAsync, static all => all is [{ Addresses.Length: 2 }]);
    }

    public Task DisposeAsync() => _mesh.DisposeAsync().AsTask();

    public void Dispose() => _scene.Dispose();

    private string PeerId => NodePeer.Of(_provider.Host.NodeKey).ToString();

    private string ManifestUrl => $"http://127.0.0.1:{_provider.Host.BoundPort}/stable/x86_64/manifest.json";

    [Theory]
    [InlineData("stable/x86_64")]
    [InlineData("stable/amd64")]
    [InlineData("/phase/stable/x86_64/manifest")]
    public async Task Find_ServedRelease_ShowsPeerUrlAndAddress(string key)
    {
        CommandRun table = await _scene.OkAsync("dht", "find", key, "--bootstrap", _peer);
        JsonNode found = Assert.Single(JsonNode.Parse((await _scene.OkAsync("dht", "find", key, "--bootstrap", _peer, "--json")).Output)!.AsArray())!;

        string[] lines = table.Output.TrimEnd().Split('\n');
        Assert.Matches("^PEER +URL +ADDRESSES$", lines[0]);
        Assert.Matches($"^{PeerId} +{ManifestUrl} +/ip4/127.0.0.1/tcp/[0-9]+$", Assert.Single(lines[1..]));
        Assert.Equal(["peer_id", "node", "addresses", "urls"], found.AsObject().Select(field => field.Key));
        Assert.Equal((PeerId, _provider.Host.NodeKey.KeyId), (found["peer_id"]!.GetValue<string>(), found["node"]!.GetValue<string>()));
        Assert.Equal(ManifestUrl, Assert.Single(found["urls"]!.AsArray())!.GetValue<string>());
    }

    [Fact]
    public async Task Find_NobodyServesIt_SaysSo()
    {
        CommandRun table = await _scene.RunAsync("dht", "find", "testing/arm64", "--bootstrap", _peer);
        CommandRun json = await _scene.RunAsync("dht", "find", "/other/key", "--bootstrap", _peer, "--json");
        Assert.Equal(
            (ExitCode.NotReachable, "The DHT names no provider of /phase/testing/arm64/manifest.\n", ""), (table.ExitCode, table.Output, table.Error));
        Assert.Equal((ExitCode.NotReachable, "[]\n", ""), (json.ExitCode, json.Output, json.Error));
    }

    [Fact]
    public async Task Get_ServedRelease_ShowsThePointer()
    {
        string text = (await _scene.OkAsync("dht", "get", "stable/x86_64", "--bootstrap", _peer)).Output;
        string raw = (await _scene.OkAsync("dht", "get", "stable/x86_64", "--bootstrap", _peer, "--raw")).Output;
        JsonObject json = JsonNode.Parse((await _scene.OkAsync("dht", "get", "stable/x86_64", "--bootstrap", _peer, "--json")).Output)!.AsObject();

        Assert.Contains($"\nmanifest: {_provider.Serving.Manifest.Digest}\nurl:      {ManifestUrl}\nnode:     ed25519:", text, StringComparison.Ordinal);
        Assert.True(ManifestPointer.TryRead(System.Text.Encoding.UTF8.GetBytes(raw.TrimEnd()), out ManifestPointer? pointer, out string? problem), problem);
        Assert.Equal(_provider.Host.NodeKey, pointer.Node);
        Assert.Equal(["key", "channel", "arch", "release", "manifest", "urls", "node", "peer_id", "expires"], json.Select(field => field.Key));
        Assert.Equal((pointer.Key, PeerId), (json["key"]!.GetValue<string>(), json["peer_id"]!.GetValue<string>()));
        Assert.Equal(pointer.Expires, json["expires"]!.GetValue<DateTimeOffset>());
    }

    [Fact]
    public async Task Get_NothingThere_Fails() =>
        Assert.Contains("The DHT has no value at /phase/testing/x86_64/manifest now.",
            await _scene.FailsAsync(ExitCode.NotReachable, "dht", "get", "testing/x86_64", "--bootstrap", _peer), StringComparison.Ordinal);

    [Fact]
    public async Task Peers_ByThePeersFile_AreAllOfThem()
    {
        await File.WriteAllTextAsync(_scene.PathOf("peers"), $"# ours\n{_peer}\n");
        JsonArray peers = JsonNode.Parse((await _scene.OkAsync("dht", "peers", "--peers-file", _scene.PathOf("peers"), "--json")).Output)!.AsArray();
        CommandRun table = await _scene.OkAsync("dht", "peers", "--peers-file", _scene.PathOf("peers"));

        Assert.Equal(4, peers.Count);
        Assert.Contains(PeerId, peers.Select(peer => peer!["peer_id"]!.GetValue<string>()));
        Assert.All(peers, static peer =>
            Assert.StartsWith("/ip4/127.0.0.1/tcp/", Assert.Single(peer!["addresses"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(5, table.Output.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task Bench_CountsAndMeasures()
    {
        JsonObject figures = JsonNode.Parse((await _scene.OkAsync("dht", "bench", "--count", "5", "--bootstrap", _peer, "--json")).Output)!.AsObject();
        string text = (await _scene.OkAsync("dht", "bench", "-n", "1", "--bootstrap", _peer)).Output;

        Assert.Equal(
            ["lookups", "failed", "p50_milliseconds", "p95_milliseconds", "max_milliseconds", "mean_hops", "mean_requests", "peers_known"],
            figures.Select(field => field.Key));
        Assert.Equal((5, 0), (figures["lookups"]!.GetValue<int>(), figures["failed"]!.GetValue<int>()));
        Assert.InRange(Figure("p95_milliseconds"), Figure("p50_milliseconds"), Figure("max_milliseconds"));
        Assert.InRange(Figure("mean_hops"), 1, 4);
        Assert.StartsWith("1 look-ups, 0 without an answer; ", text, StringComparison.Ordinal);

        double Figure(string name) => figures[name]!.GetValue<double>();
    }

    [Fact]
    public async Task Find_NothingConfigured_JoinsByThePlasmdOfThisMachine()
    {
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"), $"[provider]\nbind = '127.0.0.1'\nport = {_provider.Host.BoundPort}\n");
        Assert.Contains(PeerId, (await _scene.OkAsync("dht", "find", "stable/x86_64")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_NobodyKnownOrThere_SaysWhatToGive()
    {
        await File.WriteAllTextAsync(_scene.PathOf("provider.toml"), $"[provider]\nbind = '127.0.0.1'\nport = {LoopbackPort.Free()}\n");
        Assert.Contains("No peer of the DHT is known, and no plasmd with a DHT answers on this machine; give one with --bootstrap",
            await _scene.FailsAsync(ExitCode.NotReachable, "dht", "find", "stable/x86_64"), StringComparison.Ordinal);
        string nobody = $"/ip4/127.0.0.1/tcp/{LoopbackPort.Free()}";
        Assert.Contains($"No peer of the DHT answers at {nobody}.",
            await _scene.FailsAsync(ExitCode.NotReachable, "dht", "peers", "--bootstrap", nobody), StringComparison.Ordinal);
        _scene.Variables["PLASM_BOOTSTRAP"] = "here";
        Assert.Contains("PLASM_BOOTSTRAP: The environment has 'here'",
            await _scene.FailsAsync(ExitCode.Configuration, "dht", "bench"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x86_64")]
    [InlineData("stable/mips")]
    [InlineData("Stable/x86_64")]
    [InlineData("/phase/stable/mips/manifest")]
    [InlineData("/")]
    [InlineData("//x")]
    [InlineData("stable/x86_64/manifest")]
    public async Task Find_WrongKey_IsAUsageError(string key) =>
        Assert.StartsWith($"plasmd: KEY is '{key}': expected CHANNEL/ARCH such as stable/x86_64",
            await _scene.FailsAsync(ExitCode.Usage, "dht", "find", key), StringComparison.Ordinal);

    [Theory]
    [InlineData("dht", "bench", "--count", "0")]
    [InlineData("dht", "bench", "--count", "100001")]
    [InlineData("dht", "peers", "--bootstrap", "192.0.2.1:4001")]
    [InlineData("dht", "peers", "--timeout", "0")]
    [InlineData("provider", "list", "--timeout", "2h")]
    public async Task Run_WrongOption_IsAUsageError(params string[] arguments) =>
        Assert.Contains(": expected ", await _scene.FailsAsync(ExitCode.Usage, arguments), StringComparison.Ordinal);

    [Fact]
    public async Task List_NodeThatIsFoundTwice_IsOneRow()
    {
        await File.WriteAllTextAsync(
            _scene.PathOf("provider.toml"),
            $"[provider]\nbind = '127.0.0.1'\nport = {_provider.Host.BoundPort}\n[provider.channels.stable]\narch = 'x86_64'\n");
        CommandRun run = await _scene.RunAsync("provider", "list", "--json", "--timeout", "5s", "--bootstrap", _peer);

        JsonObject row = Assert.Single(JsonNode.Parse(run.Output)!.AsArray())!.AsObject();
        Assert.Equal(["channel", "arch", "peer_id", "node", "release", "manifest", "urls", "sources"], row.Select(field => field.Key));
        Assert.Equal(["local", "dht"], row["sources"]!.AsArray().Select(source => source!.GetValue<string>()));
        Assert.Equal(_provider.Serving.Manifest.Digest.ToString(), row["manifest"]!.GetValue<string>());
        Assert.Equal(ManifestUrl, Assert.Single(row["urls"]!.AsArray())!.GetValue<string>());
        Assert.Matches("^plasmd: Nothing was heard by mDNS: No network interface is up [^\n]+\n$", run.Error);
    }
}
