using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>One of our DHT nodes on loopback.</summary>
internal sealed class DhtPeer : IAsyncDisposable
{
    private readonly IdentityKey _identity;

    public Libp2pHost Host { get; private init; } = null!;

    public KademliaDht Dht { get; private init; } = null!;

    public LineLogger Log { get; private init; } = null!;

    public string Address => TestProtocols.DialAddress(Host);

    public static async Task<DhtPeer> StartAsync(params string[] bootstrap)
    {
        IdentityKey identity = IdentityKey.Generate();
        LineLogger log = new();
        Libp2pHost host = await TestProtocols.StartHostAsync(identity, log);
        KademliaDht dht = await KademliaDht.StartAsync(host, new KadOptions
        {
            Namespaces = new Dictionary<string, IRecordRules> { ["phase"] = new NumberRules() },
            LoggerFactory = log,
            BootstrapPeers = [.. bootstrap.Select(Multiaddr.Parse)],
        });
        return new DhtPeer(identity) { Host = host, Dht = dht, Log = log };
    }

    private DhtPeer(IdentityKey identity) => _identity = identity;

    public async ValueTask DisposeAsync()
    {
        await Dht.DisposeAsync();
        await Host.DisposeAsync();
        _identity.Dispose();
    }
}
