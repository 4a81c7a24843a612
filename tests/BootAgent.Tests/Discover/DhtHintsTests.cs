using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport.Tcp;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Tests.Discover;

/// <summary>What strangers may have this machine ask.</summary>
public sealed class DhtHintsTests : IDisposable
{
    private static readonly byte[] Seed = [.. Enumerable.Range(1, 32).Select(each => (byte)each)];
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.FromSeed(Seed);
    private readonly IdentityKey _identity = IdentityKey.FromSeed(Seed);

    public void Dispose()
    {
        _key.Dispose();
        _identity.Dispose();
    }

    [Theory]
    [InlineData("/ip4/192.0.2.1/tcp/8080/http", "http://192.0.2.1:8080")]
    [InlineData("/ip4/10.0.0.1/tcp/80/http", "http://10.0.0.1")]
    [InlineData("/ip6/2001:db8::1/tcp/8080/http", "http://[2001:db8::1]:8080")]
    [InlineData("/dns4/boot.example.org/tcp/8080/http", "http://boot.example.org:8080")]
    [InlineData("/ip4/192.0.2.1/tcp/443/tls/http", null)]
    [InlineData("/ip4/127.0.0.1/tcp/8080/http", null)]
    [InlineData("/ip4/0.0.0.0/tcp/8080/http", null)]
    [InlineData("/ip4/169.254.1.1/tcp/8080/http", null)]
    [InlineData("/ip4/224.0.0.251/tcp/8080/http", null)]
    [InlineData("/ip4/255.255.255.255/tcp/8080/http", null)]
    [InlineData("/ip6/::1/tcp/8080/http", null)]
    [InlineData("/ip6/::ffff:127.0.0.1/tcp/8080/http", null)]
    [InlineData("/ip6/fe80::1/tcp/8080/http", null)]
    [InlineData("/dns4/localhost/tcp/8080/http", null)]
    [InlineData("/dns4/a@b/tcp/8080/http", null)]
    [InlineData("/ip4/127.0.0.1/tcp/4001", null)]
    public void Of_ProviderRecord_TakesOnlyWhatCanBeMeantForUs(string address, string? url) =>
        Assert.Equal(url is null ? [] : [url], Urls(Hints(false), address));

    [Fact]
    public void Of_ProviderRecord_LoopbackIsMeantWhenTheBootstrapNodeIsThere() =>
        Assert.Equal(["http://127.0.0.1:8080"], Urls(Hints(true), "/ip4/127.0.0.1/tcp/8080/http"));

    [Fact]
    public void Of_ProviderRecord_HttpBeforeLibp2pAndAFewAtMost()
    {
        string[] addresses = ["/ip4/192.0.2.1/tcp/4001", .. Enumerable.Range(1, 16).Select(each => $"/ip4/192.0.2.{each}/tcp/8080/http")];

        string[] urls = Urls(Hints(false), addresses);

        IEnumerable<string> overHttp = Enumerable.Range(1, DhtHints.MaxUrls).Select(each => $"http://192.0.2.{each}:8080");
        Assert.Equal([.. overHttp, $"libp2p://{_identity.PeerId}"], urls);
    }

    [Fact]
    public void Of_PointerAndProviderRecordAndMdns_SpellTheNodeAlike()
    {
        string record = Hints(false).Of(Provider("/ip4/192.0.2.1/tcp/4001")).Single().PeerId!;

        Assert.Equal(_key.PublicKey.KeyId, record);
        Assert.Equal(record, Hints(false).Of(Pointer("http://192.0.2.1/manifest.json")).Single().PeerId);
        Assert.Equal(record, NodeName.Of(_key.PublicKey.KeyId));
        Assert.Equal(record, NodeName.Of(_identity.PeerId.ToString()));
        Assert.Equal("somebody", NodeName.Of("somebody"));
    }

    [Fact]
    public void Of_Pointer_TakesHttpUrlsOfItsTwoPlacesOnly() => Assert.Equal(
        ["http://192.0.2.1:8080", "http://192.0.2.2/mirror"],
        Hints(false).Of(Pointer(
            "http://192.0.2.1:8080/stable/x86_64/manifest.json", "https://192.0.2.9/manifest.json", "http://127.0.0.1/manifest.json",
            "http://localhost/manifest.json", "http://[::1]/manifest.json", "http://192.0.2.3/elsewhere.json",
            "http://192.0.2.2/mirror/manifest.json")).Select(candidate => candidate.Url.Text));

    private static DhtHints Hints(bool allowsLoopback) => new(
        new AgentOptions
        {
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            TrustedKeys = [],
            BootId = string.Empty,
            NotBefore = DateTimeOffset.UnixEpoch,
        },
        new TcpTransport(), allowsLoopback);

    private string[] Urls(DhtHints hints, params string[] addresses) =>
        [.. hints.Of(Provider(addresses)).Select(candidate => candidate.Url.Text)];

    private KadPeer Provider(params string[] addresses) => new(_identity.PeerId, [.. addresses.Select(Multiaddr.Parse)]);

    private ManifestPointer Pointer(params string[] urls) => new()
    {
        Channel = ReleaseChannelName.Parse("stable"),
        Arch = MachineArch.X64,
        ManifestDigest = Sha256Digest.Compute([]),
        Urls = [.. urls.Select(url => new Uri(url))],
        Node = _key.PublicKey,
        Expires = DateTimeOffset.UnixEpoch,
    };
}
