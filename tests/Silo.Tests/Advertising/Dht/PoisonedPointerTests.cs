using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Advertising.Dht;

/// <summary>A peer without scruples puts what it likes; plasmd keeps what the rules allow.</summary>
public sealed class PoisonedPointerTests
{
    private static readonly Ed25519PrivateKey Key = Ed25519PrivateKey.Generate();

    public static TheoryData<string> Poisons => ["another key's", "bad signature", "expired", "expires too late", "huge", "no pointer", "empty"];

    [Theory]
    [MemberData(nameof(Poisons))]
    public async Task Put_PoisonedValue_IsRefusedAndHarmsNobody(string poison)
    {
        await using DhtMesh mesh = new();
        ServingScene node = await mesh.Node().ServeAsync();
        await mesh.UntilAsync(mesh.GetAsync, static found => found is not null);
        using IdentityKey identity = IdentityKey.Generate();
        await using Libp2pHost host = await Libp2pHost.StartAsync(new() { Identity = identity }, mesh.Limit);
        await using KademliaDht attacker = await KademliaDht.StartAsync(
            host,
            new KadOptions
            {
                IsServer = false,
                BootstrapPeers = [DhtMesh.AddressOf(node)],
                Namespaces = new Dictionary<string, IRecordRules> { ["phase"] = new DelegatedRules(static (_, _) => null, static _ => 0) },
            },
            mesh.Limit);
        Assert.Equal(1, await attacker.BootstrapAsync(mesh.Limit));

        Assert.Equal(0, await attacker.PutValueAsync(DhtMesh.Key, Poisoned(poison), mesh.Limit));
        Assert.Equal(node.Serving.Manifest.Digest, (await mesh.GetAsync())!.ManifestDigest);
        Assert.Equal(1, node.Host.Dht!.Dht.StoredRecords);

        // The peer itself is no worse off for it: a good value of the same hand is taken.
        Assert.Equal(1, await attacker.PutValueAsync(DhtMesh.Key, Pointer(TimeSpan.FromMinutes(30)).Sign(Key), mesh.Limit));
        Assert.Equal(Key.PublicKey, (await mesh.UntilAsync(mesh.GetAsync, static found => found?.Release == 1_000_000))!.Node);
        Assert.Single(await mesh.FindAsync());
    }

    private static byte[] Poisoned(string poison)
    {
        byte[] good = Pointer(TimeSpan.FromMinutes(30)).Sign(Key);
        return poison switch
        {
            "another key's" => (Pointer(TimeSpan.FromMinutes(30)) with { Arch = MachineArch.Arm64 }).Sign(Key),
            "bad signature" => System.Text.Encoding.UTF8.GetBytes(
                System.Text.Encoding.UTF8.GetString(good).Replace("\"release\":1000000", "\"release\":1000001", StringComparison.Ordinal)),
            "expired" => Pointer(-TimeSpan.FromMinutes(11)).Sign(Key),
            "expires too late" => Pointer(TimeSpan.FromHours(49)).Sign(Key),
            "huge" => new byte[60_000],
            "no pointer" => "{}"u8.ToArray(),
            _ => [],
        };
    }

    private static ManifestPointer Pointer(TimeSpan life) => new()
    {
        Channel = ReleaseChannelName.Parse("stable"),
        Arch = MachineArch.X64,
        Release = 1_000_000,
        ManifestDigest = Sha256Digest.Compute("nothing"u8),
        Urls = [new Uri("http://192.0.2.1/manifest.json")],
        Node = Key.PublicKey,
        Expires = DateTimeOffset.FromUnixTimeSeconds((TimeProvider.System.GetUtcNow() + life).ToUnixTimeSeconds()),
    };
}
