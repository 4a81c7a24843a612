using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Identity;
using PhaseMesh.Silo.Tests.Catalog;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Advertising.Dht;

public sealed class DhtAdvertiserTests
{
    [Fact]
    public async Task Announce_OnceReady_IsFoundByWhoKnowsAnotherNode()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(3);
        ServingScene provider = mesh.Node();
        await provider.StartAsync();
        await provider.WaitForAsync(catalog => catalog.IsScanned);
        await mesh.StartAsync(1);
        Assert.Null(await mesh.GetAsync());
        Assert.Empty(await mesh.FindAsync());

        provider.WriteStandardFiles();
        ManifestPointer pointer = (await mesh.UntilAsync(mesh.GetAsync, static found => found is not null))!;
        KadPeer found = Assert.Single(await mesh.UntilAsync(mesh.FindAsync, static all => all is [{ Addresses.Length: 2 }]));

        Sha256Digest digest = provider.Serving.Manifest.Digest;
        Assert.Equal((provider.Host.NodeKey, digest, provider.Serving.Manifest.Release), (pointer.Node, pointer.ManifestDigest, pointer.Release));
        Assert.Equal($"http://127.0.0.1:{provider.Host.BoundPort}/stable/x86_64/manifest.json", Assert.Single(pointer.Urls).AbsoluteUri);
        Assert.InRange(pointer.Expires - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(25), TimeSpan.FromMinutes(30));
        Assert.Equal(digest, Sha256Digest.Compute(await provider.Client.GetByteArrayAsync(pointer.Urls[0])));
        Assert.Equal(NodePeer.Of(provider.Host.NodeKey), found.Id);
        Assert.Equal(
            [DhtMesh.AddressOf(provider).WithoutPeer().ToString(), $"/ip4/127.0.0.1/tcp/{provider.Host.BoundPort}/http"],
            found.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public async Task Announce_NewRelease_ReplacesThePointer()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(2);
        ServingScene provider = await mesh.Node().ServeAsync();
        await mesh.UntilAsync(mesh.GetAsync, static found => found is not null);

        Release old = provider.Serving;
        provider.Replace("kernel", ServingScene.Content("another kernel", 2 << 20));
        Release release = await provider.WaitForReleaseAfterAsync(old);
        ManifestPointer after = (await mesh.UntilAsync(mesh.GetAsync, found => found!.ManifestDigest != old.Manifest.Digest))!;
        Assert.Equal((release.Manifest.Digest, release.Manifest.Release), (after.ManifestDigest, after.Release));
    }

    [Fact]
    public async Task Announce_BeforeAnybodyIsThere_ReachesThoseWhoComeLater()
    {
        await using DhtMesh mesh = new();
        ServingScene provider = await mesh.Node().ServeAsync();
        await Eventually.IsAsync(() => provider.Host.Dht!.Dht.StoredProviders == 1, "the node's own announcement");
        await mesh.StartAsync(2);

        ServingScene late = mesh.Node();
        await late.StartAsync();
        await Eventually.IsAsync(() => late.Host.Dht!.Dht is { StoredProviders: 1, StoredRecords: 1 }, "the announcement at a newcomer");
    }

    [Fact]
    public async Task Announce_ShortLife_IsRenewed()
    {
        await using DhtMesh mesh = new() { RecordLife = TimeSpan.FromSeconds(3) };
        await mesh.StartAsync(1);
        await mesh.Node().ServeAsync();
        ManifestPointer first = (await mesh.UntilAsync(mesh.GetAsync, static found => found is not null))!;
        ManifestPointer last = (await mesh.UntilAsync(mesh.GetAsync, found => found?.Expires > first.Expires + mesh.RecordLife))!;
        Assert.Equal(first with { Expires = last.Expires, Urls = last.Urls }, last);
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 1);
    }

    [Fact]
    public async Task Announce_AnotherHasANewerRelease_IsNamedBesideItAndSaysSoOnce()
    {
        await using DhtMesh mesh = new() { RecordLife = TimeSpan.FromSeconds(3) };
        ServingScene newer = mesh.Node();
        newer.WriteStandardFiles();
        newer.Write("manifest.json", SignedRelease.For(newer, 7).RawBytes.ToArray());
        await newer.StartAsync();
        await Eventually.IsAsync(() => newer.Host.Dht!.Dht.StoredRecords == 1, "the newer pointer");
        ServingScene older = mesh.Node();
        older.WriteStandardFiles();
        older.Write("manifest.json", SignedRelease.For(older, 6).RawBytes.ToArray());
        await older.StartAsync();

        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 2);
        await Eventually.IsAsync(() => Outdone().Any(), "a line about the newer release");
        ManifestPointer first = (await mesh.UntilAsync(mesh.GetAsync, static found => found?.Release == 7))!;
        await mesh.UntilAsync(mesh.GetAsync, found => found?.Release == 7 && found.Expires > first.Expires + mesh.RecordLife);
        Assert.Single(Outdone());
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 2);

        IEnumerable<string> Outdone() =>
            older.Log.Lines.Select(line => line.Text).Where(text => text.Contains("only named as a provider in the DHT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Drain_DownloadInFlight_WithdrawsFirstAndIsForgotten()
    {
        await using DhtMesh mesh = new() { RecordLife = TimeSpan.FromSeconds(3) };
        await mesh.StartAsync(1);
        ServingScene provider = await mesh.Node().ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        await mesh.StartAsync(1);
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 1);
        using RawExchange download = new(await provider.ConnectAsync(receiveBufferBytes: 256 * 1024));
        await download.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        await download.ReadHeadersAsync();

        KademliaDht own = provider.Host.Dht!.Dht;
        Task stopped = provider.Host.StopAsync();
        await Eventually.IsAsync(() => own.StoredProviders == 0, "the node's own announcement to be gone");
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 0);
        await mesh.UntilAsync(mesh.GetAsync, static found => found is null);
        Assert.False(stopped.IsCompleted);

        Assert.Equal(64 << 20, (await download.ReadBodyAsync(64 << 20)).Length);
        await stopped.WaitAsync(ServingScene.Limit);
    }

    [Fact]
    public async Task Death_WithoutAGoodbye_IsForgottenAfterTheRecordsLife()
    {
        await using DhtMesh mesh = new() { RecordLife = TimeSpan.FromSeconds(3) };
        await mesh.StartAsync(1);
        ServingScene provider = await mesh.Node().ServeAsync();
        await mesh.StartAsync(1);
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 1);

        await provider.Host.Dht!.Host.DisposeAsync();
        await mesh.UntilAsync(mesh.FindAsync, static all => all.Count == 0);
        await mesh.UntilAsync(mesh.GetAsync, static found => found is null);
    }
}
