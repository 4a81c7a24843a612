using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Advertising.Dht;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary>Asks the DHT: a client that listens nowhere, under an identity of its own that ends with it.</summary>
internal sealed class DhtClient : IAsyncDisposable
{
    private readonly IdentityKey _identity;
    private readonly IReadOnlyList<Multiaddr> _bootstrap;

    private DhtClient(IdentityKey identity, Libp2pHost host, KademliaDht dht, IReadOnlyList<Multiaddr> bootstrap) =>
        (_identity, Host, Dht, _bootstrap) = (identity, host, dht, bootstrap);

    public Libp2pHost Host { get; }

    public KademliaDht Dht { get; }

    public static async Task<DhtClient> StartAsync(IReadOnlyList<Multiaddr> bootstrap, TimeProvider clock, CancellationToken cancellationToken)
    {
        IdentityKey identity = IdentityKey.Generate();
        Libp2pHost host = await Libp2pHost.StartAsync(
            new() { Identity = identity, AgentVersion = $"plasmd/{VersionAction.Version}", TimeProvider = clock }, cancellationToken);
        KademliaDht dht = await KademliaDht.StartAsync(
            host,
            new KadOptions { IsServer = false, Namespaces = MeshRecords.Rules(clock), BootstrapPeers = bootstrap, TimeProvider = clock },
            cancellationToken);
        return new DhtClient(identity, host, dht, bootstrap);
    }

    /// <exception cref="CommandException">No bootstrap peer answers.</exception>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        if (await Dht.BootstrapAsync(cancellationToken) == 0)
        {
            throw new CommandException(
                ExitCode.NotReachable,
                $"No peer of the DHT answers at {string.Join(", ", _bootstrap.Take(4))}{(_bootstrap.Count > 4 ? ", ..." : "")}. "
                + "Is it up, and does a firewall let its TCP port pass? Give others with --bootstrap.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Dht.DisposeAsync();
        await Host.DisposeAsync();
        _identity.Dispose();
    }
}
