using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using PhaseMesh.TestKit.JsPeers;

namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>
/// The same of js-libp2p: half of the nodes in each of two processes, so that it uses both cores. Times are taken inside those processes.
/// </summary>
internal sealed class JsDhtNetwork(int servers) : IDhtNetwork
{
    private static readonly TimeSpan JoinLimit = TimeSpan.FromMinutes(1);

    /// <summary>On a busy machine a peer may miss js's two seconds for a first ping, and is then left out until it is met again.</summary>
    private const double EnoughNeighbours = 0.9;

    private readonly JsPeer[] _processes = [new(), new()];

    public static async Task<JsDhtNetwork> StartAsync(int servers)
    {
        JsDhtNetwork network = new(servers);
        foreach (JsPeer process in network._processes)
        {
            await process.InitializeAsync();
        }
        List<string> addresses = [];
        for (int index = 0; index <= servers; index++)
        {
            string address = await network.Process(index).StartNodeAsync(Name(index), dht: true, server: index < servers);
            foreach (string earlier in addresses)
            {
                await network.RunAsync(index, "dial", ("address", earlier));
            }
            addresses.Add(address);
        }
        long started = TimeProvider.System.GetTimestamp();
        int known;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            known = 0;
            for (int index = 0; index <= servers; index++)
            {
                known += (await network.RunAsync(index, "table"))["size"]!.GetValue<int>();
            }
            if (TimeProvider.System.GetElapsedTime(started) > JoinLimit)
            {
                await network.DisposeAsync();
                throw new BenchmarkAbsentException($"js-libp2p's nodes know {known} of {servers * servers} neighbours after {JoinLimit}");
            }
        }
        while (known < servers * servers * EnoughNeighbours);
        return network;
    }

    public async Task<double> PutAsync(int server, string key) => Time(await RunAsync(server, "put", ("key", key), ("value", "1:value")));

    public async Task<double> GetAsync(string key)
    {
        JsonNode result = await RunAsync(servers, "get", ("key", key));
        return result["value"] is not null ? Time(result) : throw new InvalidOperationException("js-libp2p did not find the value.");
    }

    public async Task<double> ProvideAsync(int server, string key) => Time(await RunAsync(server, "provide", ("digest", Digest(key))));

    public async Task<double> FindAsync(string key)
    {
        JsonNode result = await RunAsync(servers, "firstProvider", ("digest", Digest(key)));
        return result["provider"] is not null ? Time(result) : throw new InvalidOperationException("js-libp2p did not find the provider.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (JsPeer process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private JsPeer Process(int index) => _processes[index % _processes.Length];

    private Task<JsonNode> RunAsync(int index, string command, params (string, JsonNode?)[] arguments) =>
        Process(index).RunAsync(command, [("name", Name(index)), .. arguments]);

    private static double Time(JsonNode result) => result["milliseconds"]!.GetValue<double>();

    private static string Name(int index) => $"node{index}";

    private static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
