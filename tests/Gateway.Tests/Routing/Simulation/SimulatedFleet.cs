using System.Net;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

/// <summary>
/// Replicas, gateways that choose among them, and clients that fetch through the gateways, in virtual time. Replays by its seed.
/// </summary>
internal sealed class SimulatedFleet
{
    public const int ChunkBytes = 1 << 20;
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(50);

    private readonly Random _random;
    private readonly List<IReplicaPicker> _gateways = [];
    private readonly List<double> _chunkSeconds = [];
    private readonly Dictionary<string, SimulatedReplica> _replicas = [];
    private bool _isOver;

    public SimulatedFleet(Policy policy, int seed, IEnumerable<ReplicaTraits> replicas, int gateways = 1, RoutingOptions? options = null)
    {
        _random = new Random(seed);
        Join(replicas);
        for (int i = 0; i < gateways; i++)
        {
            _gateways.Add(policy is Policy.PhaseMesh
                ? new ReplicaPicker(Directory, Time, (ulong)((seed * 100) + i), options)
                : new BaselinePicker(Directory, policy, (seed * 100) + i));
        }
    }

    public VirtualTime Time { get; } = new();

    public SimulatedDirectory Directory { get; } = new();

    public IReplicaPicker Gateway => _gateways[0];

    public IEnumerable<string> Ids => _replicas.Keys;

    public SimulatedReplica this[string id] => _replicas[id];

    /// <summary>Transfers that ended badly and were begun again elsewhere.</summary>
    public int Faults { get; private set; }

    public int Chunks => _chunkSeconds.Count;

    public void Join(params IEnumerable<ReplicaTraits> replicas)
    {
        foreach (ReplicaTraits traits in replicas)
        {
            _replicas[traits.Id] = new SimulatedReplica(Time, traits);
        }

        Directory.Name(_replicas.Values.Select(replica => replica.Traits.Endpoint));
    }

    /// <summary>What part of all bytes the replica sent.</summary>
    public double ShareOf(string id) => (double)_replicas[id].BytesSent / _replicas.Values.Sum(replica => replica.BytesSent);

    /// <summary>Seconds per chunk; 0.99 is the p99.</summary>
    public double Quantile(double quantile)
    {
        _chunkSeconds.Sort();
        return _chunkSeconds[(int)(quantile * (_chunkSeconds.Count - 1))];
    }

    /// <summary>Forgets what was measured so far: the beginning, when the fleet is not known yet.</summary>
    public void StartMeasuring()
    {
        _chunkSeconds.Clear();
        Faults = 0;
    }

    /// <summary>Runs a story with probes in the background.</summary>
    public void Run(Func<Task> story) => Time.Run(async () =>
    {
        Task probing = Task.WhenAll(_gateways.OfType<IReplicaObserver>().Select(ProbeAsync));
        await story();
        _isOver = true;
        await probing;
    });

    /// <summary>
    /// Clients that come at random, on average so many a second, each for an artifact of so many chunks, and stay until they have it.
    /// </summary>
    public async Task ArrivalsAsync(
        double clientsPerSecond, int chunks, TimeSpan during, string? site = null, int chunkBytes = ChunkBytes)
    {
        List<Task> clients = [];
        TimeSpan end = Time.Elapsed + during;
        while (Time.Elapsed < end)
        {
            await Task.Delay(TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / clientsPerSecond), Time);
            clients.Add(ClientAsync(chunks, site, chunkBytes));
        }

        await Task.WhenAll(clients);
    }

    public Task StormAsync(int clients, int chunks, string? site = null) =>
        Task.WhenAll(Enumerable.Range(0, clients).Select(_ => ClientAsync(chunks, site, ChunkBytes)));

    private async Task ClientAsync(int chunks, string? site, int chunkBytes)
    {
        IReplicaPicker gateway = _gateways[_random.Next(_gateways.Count)];
        for (int i = 0; i < chunks; i++)
        {
            TimeSpan start = Time.Elapsed;
            RouteRequest request = new(SimulatedDirectory.Digest, site, IPAddress.Loopback, (long)i * chunkBytes, chunkBytes);
            await FetchAsync(gateway, request);
            _chunkSeconds.Add((Time.Elapsed - start).TotalSeconds);
        }
    }

    private async Task FetchAsync(IReplicaPicker gateway, RouteRequest request)
    {
        HashSet<string> tried = [];
        while (true)
        {
            using ReplicaLease? lease = gateway.Pick(request, tried);
            if (lease is null)
            {
                tried.Clear();
                await Task.Delay(RetryAfter, Time);
                continue;
            }

            SimulatedReplica replica = _replicas[lease.Endpoint.ProviderId];
            TransferEnd end = await replica.SendAsync((int)request.LengthBytes, lease);
            if (end is TransferEnd.Completed && !replica.Traits.IsLiar)
            {
                lease.Completed();
                return;
            }

            Faults++;
            tried.Add(lease.Endpoint.ProviderId);
            lease.Fault(end switch
            {
                TransferEnd.ConnectFailed => ReplicaFault.ConnectFailed,
                TransferEnd.Reset => ReplicaFault.Reset,
                TransferEnd.Stalled => ReplicaFault.Stalled,
                _ => ReplicaFault.WrongBytes,
            });
        }
    }

    private async Task ProbeAsync(IReplicaObserver gateway)
    {
        while (!_isOver)
        {
            foreach (SimulatedReplica replica in _replicas.Values.ToArray())
            {
                await Task.Delay(replica.Traits.Probe, Time);
                if (replica.IsUp)
                {
                    gateway.ProbeAnswered(replica.Traits.Id, replica.InFlight, replica.Traits.Probe);
                }
                else
                {
                    gateway.ProbeFailed(replica.Traits.Id);
                }
            }

            await Task.Delay(ProbeEvery, Time);
        }
    }
}
