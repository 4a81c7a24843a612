using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Services;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>
/// A LAN 10.0.0.0/24 in memory. Its machines announce by mDNS; a connection to any of their addresses goes to the same port on
/// loopback, where the test's providers are.
/// </summary>
internal sealed class TestLan : IAsyncDisposable
{
    private const int LinkIndex = 2;
    private readonly InMemoryMulticastLan _lan = new(TimeProvider.System, TimeSpan.FromMilliseconds(1));
    private readonly List<MdnsNode> _nodes = [];
    private readonly TaskCompletionSource _firstConnection = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The agent's own addresses; none leaves it without a link.</summary>
    public IReadOnlyList<string> AgentAddresses { get; init; } = ["10.0.0.99", "fe80::99"];

    /// <summary>Hosts of URLs, IPv6 in brackets, that cannot be reached.</summary>
    public HashSet<string> Unreachable { get; } = [];

    /// <summary>Hosts that the agent opened a connection to.</summary>
    public ConcurrentQueue<string> Connections { get; } = [];

    public Task FirstConnection => _firstConnection.Task;

    /// <summary>The agent's machine does not let port 5353 be opened.</summary>
    public SocketError? OpenError { get; init; }

    public static PhaseImageService Stable { get; } =
        new() { Channel = "stable", Arch = "x86_64", ManifestPath = "/stable/x86_64/manifest.json", Release = 7 };

    public IMulticastNetwork AgentNetwork()
    {
        if (OpenError is { } error)
        {
            return new ClosedNetwork(error);
        }

        InMemoryMulticastNetwork network = new();
        if (AgentAddresses.Count > 0)
        {
            network.Connect(_lan, Link("eth0", AgentAddresses));
        }

        return network;
    }

    /// <summary>A machine that announces services; they are on the LAN when this returns.</summary>
    public async Task AdvertiseAsync(string hostName, IReadOnlyList<string> addresses, params (PhaseImageService Service, int Port)[] services)
    {
        InMemoryMulticastNetwork network = new();
        network.Connect(_lan, Link("lan", addresses));
        MdnsNode node = MdnsNode.Start(new MdnsOptions { HostName = hostName }, network);
        _nodes.Add(node);
        AdvertisedService[] advertised = [.. services.Select((each, at) =>
            node.Advertise(each.Service.ToRegistration($"{each.Service.Channel} {each.Service.Arch} {hostName} {at}", (ushort)each.Port)))];
        await Task.WhenAll(advertised.Select(each => each.Announced)).WaitAsync(AgentHarness.Hang);
    }

    public Task AdvertiseAsync(string hostName, string address, int port, PhaseImageService? service = null) =>
        AdvertiseAsync(hostName, [address], (service ?? Stable, port));

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Connections.Enqueue(context.DnsEndPoint.Host);
        _firstConnection.TrySetResult();
        if (Unreachable.Contains(context.DnsEndPoint.Host))
        {
            throw new SocketException((int)SocketError.HostUnreachable);
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (MdnsNode node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static NetworkLink Link(string name, IReadOnlyList<string> addresses) =>
        new(LinkIndex, name, [.. addresses.Select(IPAddress.Parse).Select(address =>
            new LinkAddress(address, address.AddressFamily == AddressFamily.InterNetwork ? 24 : 64))]);

    private sealed class ClosedNetwork(SocketError error) : IMulticastNetwork
    {
        public bool SharesPort => false;

        public void Start(IMulticastReceiver receiver) => throw new SocketException((int)error);

        public void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram) => throw new InvalidOperationException("Never started.");

        public void SendUnicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram) =>
            throw new InvalidOperationException("Never started.");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
