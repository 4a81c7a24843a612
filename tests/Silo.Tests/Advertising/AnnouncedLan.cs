using System.Collections.Concurrent;
using System.Net;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Advertising;

/// <summary>A LAN in memory, in real time, with a place for a provider and a neighbour that looks for providers.</summary>
internal sealed class AnnouncedLan : IAsyncDisposable
{
    private readonly InMemoryMulticastLan _lan;
    private readonly MdnsNode _neighbour;
    private readonly ServiceBrowser _browser;
    private readonly IAsyncEnumerator<ServiceChange> _changes;

    public AnnouncedLan()
    {
        _lan = new InMemoryMulticastLan(TimeProvider.System, TimeSpan.FromMilliseconds(1))
        {
            OnWire = datagram =>
            {
                Sources.Enqueue(datagram.Source.Address);
                return true;
            },
        };
        InMemoryMulticastNetwork network = new();
        network.Connect(_lan, Link(2));
        _neighbour = MdnsNode.Start(new MdnsOptions { HostName = "neighbour" }, network);
        _browser = _neighbour.Browse(PhaseImageService.ServiceType);
        _changes = _browser.WatchAsync().GetAsyncEnumerator();
    }

    /// <summary>Who sent, a packet at a time.</summary>
    public ConcurrentQueue<IPAddress> Sources { get; } = new();

    public static IPAddress ProviderAddress { get; } = IPAddress.Parse("10.0.0.1");

    public InMemoryMulticastNetwork ProviderNetwork { get; } = new();

    public IReadOnlyCollection<ServiceInstance> Found => _browser.Instances;

    public IMulticastNetwork ConnectProvider()
    {
        ProviderNetwork.Connect(_lan, Link(1));
        return ProviderNetwork;
    }

    /// <summary>The next thing the neighbour learns, which must be of this kind.</summary>
    public async Task<(ServiceInstance Instance, PhaseImageService Service)> NextAsync(ServiceChangeKind kind)
    {
        Assert.True(await _changes.MoveNextAsync().AsTask().WaitAsync(ServingScene.Limit));
        Assert.Equal(kind, _changes.Current.Kind);
        Assert.True(PhaseImageService.TryParse(_changes.Current.Instance.Text, out PhaseImageService? service, out string? problem), problem);
        return (_changes.Current.Instance, service);
    }

    public async ValueTask DisposeAsync()
    {
        await _neighbour.DisposeAsync();
        await _changes.DisposeAsync();
    }

    private static NetworkLink Link(int host) => new(1, "lan1", [new LinkAddress(IPAddress.Parse($"10.0.0.{host}"), 24)]);
}
