namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>
/// Twenty of our nodes against twenty of js-libp2p's on loopback, all connected: nineteen servers, which put and provide, and one client,
/// which gets and finds. Put and provide end when the nearest have been told; get when the value is settled (ours after three answers, js
/// after all of the nearest; dht.get.all has ours ask all as well); find at the first provider. Each round takes the median of its keys.
/// </summary>
internal sealed class DhtBenchmark : IBenchmark
{
    private const string PeerName = "js-libp2p";
    private const int Servers = 19;
    private const int KeysPerRound = 9;

    public IReadOnlyList<string> RowNames { get; } = ["dht.put", "dht.get", "dht.get.all", "dht.provide", "dht.find"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using OurDhtNetwork ours = await OurDhtNetwork.StartAsync(Servers, quorum: 3);
        await using OurDhtNetwork thorough = await OurDhtNetwork.StartAsync(Servers, quorum: Servers);
        await using JsDhtNetwork js = await JsDhtNetwork.StartAsync(Servers);
        List<Dictionary<string, (double, double)>> measured = [];
        for (int round = -1; round < rounds; round++)
        {
            Dictionary<string, double> our = await RoundAsync(ours, round);
            Dictionary<string, double> peer = await RoundAsync(js, round);
            our["dht.get.all"] = (await RoundAsync(thorough, round))["dht.get"];
            peer["dht.get.all"] = peer["dht.get"];
            if (round >= 0) // Neither pays for a cold start.
            {
                measured.Add(our.ToDictionary(static one => one.Key, one => (one.Value, peer[one.Key])));
            }
        }
        return [.. RowNames.Select(name =>
            Row.From(name, "ms p50", higherIsBetter: false, PeerName, [.. measured.Select(round => round[name])]))];
    }

    private static async Task<Dictionary<string, double>> RoundAsync(IDhtNetwork network, int round)
    {
        string[] keys = [.. Enumerable.Range(0, KeysPerRound).Select(index => $"/phase/{round}/{index}")];
        return new Dictionary<string, double>
        {
            ["dht.put"] = await MedianAsync(keys, (key, index) => network.PutAsync(index, key)),
            // An announcement has no answer, so it is not looked for at once.
            ["dht.provide"] = await MedianAsync(keys, (key, index) => network.ProvideAsync(index, key)),
            ["dht.get"] = await MedianAsync(keys, (key, _) => network.GetAsync(key)),
            ["dht.find"] = await MedianAsync(keys, (key, _) => network.FindAsync(key)),
        };
    }

    private static async Task<double> MedianAsync(string[] keys, Func<string, int, Task<double>> operation)
    {
        List<double> times = [];
        foreach (string key in keys)
        {
            times.Add(await operation(key, times.Count % Servers));
        }
        times.Sort();
        return times[times.Count / 2];
    }
}
