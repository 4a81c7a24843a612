using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport.InMemory;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Hosts over one in-memory network.</summary>
internal sealed class TestHosts : IAsyncDisposable
{
    private readonly List<(Libp2pHost Host, IdentityKey Key)> _hosts = [];
    private readonly List<IAsyncDisposable> _owned = [];

    public InMemoryTransport Network { get; } = new();

    public LineLogger Log { get; } = new();

    public async Task<Libp2pHost> StartAsync(Func<HostOptions, HostOptions>? adjust = null)
    {
        IdentityKey key = IdentityKey.Generate();
        HostOptions options = new()
        {
            Identity = key,
            Transports = [Network],
            ListenAddresses = [Multiaddr.Parse("/memory/0")],
            LoggerFactory = Log,
        };
        Libp2pHost host = await Libp2pHost.StartAsync(adjust?.Invoke(options) ?? options);
        _hosts.Add((host, key));
        return host;
    }

    /// <summary>Disposes what runs on a host before the hosts.</summary>
    public void Own(IAsyncDisposable service) => _owned.Add(service);

    public static Multiaddr AddressOf(Libp2pHost host) => host.Addresses[0].WithPeer(host.LocalPeer);

    /// <summary>The connection that is there or about to be: the listener adopts it a moment after the dialer.</summary>
    public static async Task<PeerConnection> OnlyConnectionAsync(Libp2pHost host, CancellationToken cancellationToken)
    {
        while (host.Connections.Count == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        return Assert.Single(host.Connections);
    }

    /// <summary>Waits until a log line has the words.</summary>
    public async Task LoggedAsync(string words, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next = Log.NextLine;
            if (Log.Lines.Any(line => line.Contains(words, StringComparison.Ordinal)))
            {
                return;
            }
            try
            {
                await next.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Nothing logged with '{words}':\n{string.Join('\n', Log.Lines)}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable service in _owned)
        {
            await service.DisposeAsync();
        }
        foreach ((Libp2pHost host, IdentityKey key) in _hosts)
        {
            await host.DisposeAsync();
            key.Dispose();
        }
    }
}
