using PhaseMesh.Benchmarks.Libp2p;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>Servers that all know each other, and one client that knows them all; hosts on loopback in this process.</summary>
internal sealed class OurDhtNetwork : IDhtNetwork
{
    private readonly List<(OurHost Host, KademliaDht Dht)> _nodes = [];

    private KademliaDht Client => _nodes[^1].Dht;

    public static async Task<OurDhtNetwork> StartAsync(int servers, int quorum)
    {
        OurDhtNetwork network = new();
        for (int index = 0; index <= servers; index++)
        {
            OurHost host = await OurHost.StartAsync();
            KademliaDht dht = await KademliaDht.StartAsync(host.Host, new KadOptions
            {
                IsServer = index < servers,
                GetQuorum = quorum,
                Namespaces = new Dictionary<string, IRecordRules> { ["phase"] = new NumberRules() },
                BootstrapPeers = [.. network._nodes.Select(static node => node.Host.Address.WithPeer(node.Host.Host.LocalPeer))],
            });
            network._nodes.Add((host, dht));
            await dht.BootstrapAsync();
        }
        foreach ((OurHost host, KademliaDht dht) in network._nodes)
        {
            int others = host == network._nodes[^1].Host ? servers : servers - 1;
            while (dht.RoutingTableSize < others)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        }
        return network;
    }

    public Task<double> PutAsync(int server, string key) =>
        TimeAsync(async () => await _nodes[server].Dht.PutValueAsync(key, "1:value"u8.ToArray()) > 0);

    public Task<double> GetAsync(string key) => TimeAsync(async () => await Client.GetValueAsync(key) is not null);

    public Task<double> ProvideAsync(int server, string key) =>
        TimeAsync(async () => await _nodes[server].Dht.ProvideAsync(KademliaDht.ProviderKey(key)) > 0);

    public Task<double> FindAsync(string key) => TimeAsync(async () =>
    {
        await foreach (KadPeer _ in Client.FindProvidersAsync(KademliaDht.ProviderKey(key), 1))
        {
            return true;
        }
        return false;
    });

    public async ValueTask DisposeAsync()
    {
        foreach ((OurHost host, KademliaDht dht) in _nodes)
        {
            await dht.DisposeAsync();
            await host.DisposeAsync();
        }
    }

    private static async Task<double> TimeAsync(Func<Task<bool>> operation)
    {
        long start = TimeProvider.System.GetTimestamp();
        bool isGood = await operation();
        double milliseconds = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
        return isGood ? milliseconds : throw new InvalidOperationException("Our DHT found nothing.");
    }
}
