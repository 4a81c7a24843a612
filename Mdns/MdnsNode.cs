using System.Net;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;

namespace PhaseMesh.Mdns;

/// <summary>
/// Multicast DNS (RFC 6762) and DNS-SD (RFC 6763) for one process: advertises services and looks for them on every link. One lock guards
/// everything; packets and timers take turns on it, so the parts behind it are plain single-threaded code.
/// </summary>
public sealed class MdnsNode : IAsyncDisposable
{
    private readonly NodeContext _context;
    private readonly Responder _responder;
    private readonly List<ServiceBrowser> _browsers = [];
    private readonly Dictionary<int, NodeLink> _links = [];
    private bool _isDisposed;

    private MdnsNode(MdnsOptions options, IMulticastNetwork network, TimeProvider time)
    {
        _context = new NodeContext(options, network, time);
        _responder = new Responder(_context);
    }

    public MdnsCounters Counters => _context.Counters;

    /// <summary>The name this node's SRV records point to, such as <c>node7-phase.local</c>.</summary>
    public DnsName HostName
    {
        get
        {
            lock (_context.Gate)
            {
                return _responder.Host.Name;
            }
        }
    }

    /// <summary>The links in use now.</summary>
    public IReadOnlyList<NetworkLink> Links
    {
        get
        {
            lock (_context.Gate)
            {
                return [.. _links.Values.Select(link => link.Snapshot)];
            }
        }
    }

    /// <summary>Records remembered on all links together; bounded, see <see cref="MdnsOptions.MaxInstancesPerLink"/>.</summary>
    public int CachedRecords
    {
        get
        {
            lock (_context.Gate)
            {
                return _links.Values.Sum(link => link.Querier.CachedRecords);
            }
        }
    }

    /// <summary>What waits in the node's queue; a flood must not make it grow.</summary>
    internal int ScheduledActions
    {
        get
        {
            lock (_context.Gate)
            {
                return _context.Scheduler.Count;
            }
        }
    }

    /// <summary>Opens port 5353 (or uses <paramref name="network"/>, which the node then owns) and listens.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">Neither IPv4 nor IPv6 lets port 5353 be opened.</exception>
    public static MdnsNode Start(MdnsOptions? options = null, IMulticastNetwork? network = null, TimeProvider? time = null)
    {
        options ??= new MdnsOptions();
        options.Validate();
        time ??= TimeProvider.System;
        var node = new MdnsNode(options, network ?? new UdpMulticastNetwork(time), time);
        try
        {
            node._context.Network.Start(new Receiver(node));
            return node;
        }
        catch
        {
            node._context.Dispose();
            throw;
        }
    }

    /// <exception cref="FormatException">A name in the registration breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">The node already advertises <see cref="MdnsOptions.MaxServices"/>.</exception>
    public AdvertisedService Advertise(ServiceRegistration registration)
    {
        lock (_context.Gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var claim = new ServiceClaim(registration, _responder.Host);
            _responder.Add(claim);
            return new AdvertisedService(_context, _responder, claim);
        }
    }

    /// <param name="serviceType">Such as <c>_phase-image._tcp</c>.</param>
    /// <param name="subType">Only instances registered with it, such as <c>_stable</c>.</param>
    /// <exception cref="FormatException">A name breaks its rule.</exception>
    public ServiceBrowser Browse(string serviceType, string? subType = null)
    {
        DnsName type = ServiceRegistration.ParseType(serviceType);
        DnsName browsed = subType is null ? type : type.Prepend("_sub").Prepend(subType);
        lock (_context.Gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var browser = new ServiceBrowser(_context, browsed, type, OnBrowserDisposed);
            _browsers.Add(browser);
            foreach (NodeLink link in _links.Values)
            {
                link.Querier.Browse(browsed, type, TimeSpan.Zero);
                browser.OnLinkChanged(link.Snapshot.Index, link.Querier.Instances(browsed));
            }

            return browser;
        }
    }

    /// <summary>Says goodbye to every service, ends every browser, closes the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_context.Gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _responder.WithdrawAll();
            _isDisposed = true;
        }

        foreach (ServiceBrowser browser in _browsers.ToArray())
        {
            await browser.DisposeAsync();
        }

        await _context.Network.DisposeAsync();
        _context.Dispose();
    }

    private void OnBrowserDisposed(ServiceBrowser browser)
    {
        _browsers.Remove(browser);
        if (_browsers.Exists(other => other.Browsed.Equals(browser.Browsed)))
        {
            return;
        }

        foreach (NodeLink link in _links.Values)
        {
            link.Querier.StopBrowsing(browser.Browsed);
        }
    }

    private void OnCacheChanged(LinkQuerier querier)
    {
        foreach (ServiceBrowser browser in _browsers)
        {
            browser.OnLinkChanged(querier.Link.Index, querier.Instances(browser.Browsed));
        }
    }

    private void OnLinksChanged(IReadOnlyList<NetworkLink> links)
    {
        foreach (NodeLink gone in _links.Values.Where(known => !links.Any(link => link.Index == known.Snapshot.Index)).ToList())
        {
            _links.Remove(gone.Snapshot.Index);
            _responder.RemoveLink(gone.Responder);
            gone.Querier.Stop();
            _browsers.ForEach(browser => browser.OnLinkChanged(gone.Snapshot.Index, []));
            _context.Notice(MdnsNoticeKind.LinkDown, $"Link {gone.Snapshot.Name} is gone.");
        }

        foreach (NetworkLink link in links)
        {
            if (!_links.TryGetValue(link.Index, out NodeLink? known))
            {
                AddLink(link);
            }
            else if (!known.Snapshot.Equals(link))
            {
                known.OnChanged(link);
                _context.Notice(MdnsNoticeKind.LinkChanged, $"Link {link.Name} now has {string.Join(", ", link.Addresses.Select(a => a.Address))}.");
            }
        }
    }

    private void AddLink(NetworkLink snapshot)
    {
        var window = new UnicastWindow();
        var link = new NodeLink(
            _context, snapshot, _responder.AddLink(snapshot, window), new LinkQuerier(_context, snapshot, window, OnCacheChanged), window);
        _links.Add(snapshot.Index, link);
        foreach (ServiceBrowser browser in _browsers)
        {
            // RFC 6762 section 5.2: 20 to 120 ms, because a switch that comes up wakes everybody on it at once.
            link.Querier.Browse(browser.Browsed, browser.Type, _context.RandomDelay(20, 120));
        }

        _context.Notice(MdnsNoticeKind.LinkUp, $"Link {snapshot.Name} with {string.Join(", ", snapshot.Addresses.Select(a => a.Address))}.");
    }

    /// <summary>Keeps the delivery methods off the public surface.</summary>
    private sealed class Receiver(MdnsNode node) : IMulticastReceiver
    {
        public void OnLinksChanged(IReadOnlyList<NetworkLink> links)
        {
            lock (node._context.Gate)
            {
                if (!node._isDisposed)
                {
                    node.OnLinksChanged(links);
                }
            }
        }

        public void OnDatagram(in ReceivedDatagram datagram)
        {
            lock (node._context.Gate)
            {
                if (node._isDisposed)
                {
                    return;
                }

                node.Counters.Received();
                DropReason? drop = node._links.TryGetValue(datagram.LinkIndex, out NodeLink? link) ? link.Take(datagram) : DropReason.UnknownLink;
                if (drop is DropReason reason)
                {
                    node.Counters.Dropped(reason);
                }
            }
        }

        public void OnFault(string message)
        {
            lock (node._context.Gate)
            {
                node._context.Notice(MdnsNoticeKind.NetworkFault, message);
            }
        }
    }
}
