using System.Net.NetworkInformation;
using System.Net.Sockets;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Advertising;

/// <summary>
/// Announces each served release on the LAN, follows the catalogue, and says goodbye when disposed of. Whatever fails here is logged and
/// ends here: a provider that nobody hears of still serves those who know its address.
/// </summary>
internal sealed partial class MdnsAdvertiser : IAsyncDisposable
{
    /// <summary>The most a node may advertise; channels beyond are found by asking this provider for its status.</summary>
    private const int MaxServices = 1024;

    private readonly ReleaseCatalog _catalog;
    private readonly ProviderAnnouncement _announcement;
    private readonly Func<IMulticastNetwork> _openNetwork;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<ReleaseSlot, AdvertisedService> _announced = [];
    private readonly Task _loop;

    private MdnsAdvertiser(
        ReleaseCatalog catalog, ProviderAnnouncement announcement, Func<IMulticastNetwork> openNetwork, TimeProvider clock, ILogger log)
    {
        _catalog = catalog;
        _announcement = announcement;
        _openNetwork = openNetwork;
        _clock = clock;
        _log = log;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Starts announcing; null when there is nobody to announce to, or the configuration says not to.</summary>
    /// <param name="network">Null for the machine's own.</param>
    public static MdnsAdvertiser? Start(
        ProviderOptions options, ProviderAnnouncement announcement, ReleaseCatalog catalog, Func<IMulticastNetwork>? network, TimeProvider clock,
        ILogger log)
    {
        if (!options.Advertisement.Mdns || options.Mode is ProviderMode.Private)
        {
            return null;
        }

        ListeningScope scope = ListeningScope.Of(options.Bind);
        if (scope.IsLoopbackOnly)
        {
            LogLoopbackOnly(log, options.Bind!);
            return null;
        }

        return new MdnsAdvertiser(catalog, announcement, network ?? (() => new UdpMulticastNetwork(clock, scope.Includes)), clock, log);
    }

    /// <summary>Says goodbye to everything announced.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            if (await OpenAsync() is { } node)
            {
                await using (node)
                {
                    await FollowAsync(node);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return; // The node's end has said goodbye.
        }
        catch (Exception e)
        {
            LogDied(_log, e);
        }
    }

    private async Task<MdnsNode?> OpenAsync()
    {
        IMulticastNetwork network = _openNetwork();
        MdnsOptions options = new()
        {
            HostName = _announcement.HostName,
            MaxServices = MaxServices,
            OnNotice = notice => LogNotice(_log, notice.Kind, notice.Message),
        };
        try
        {
            MdnsNode node = MdnsNode.Start(options, network, _clock);
            if (node.Links.Count == 0)
            {
                LogUnavailable(
                    _log, "No network interface is up that supports multicast and has an address plasmd listens on; they are once there is one.");
            }

            return node;
        }
        catch (Exception e) when (e is SocketException or NetworkInformationException or PlatformNotSupportedException)
        {
            await network.DisposeAsync();
            LogUnavailable(
                _log,
                $"UDP port {MulticastEndpoints.Port} or multicast is not to be had ({e.Message}); "
                + "allow it, or set provider.advertisement.mdns to false.");
            return null;
        }
    }

    private async Task FollowAsync(MdnsNode node)
    {
        CatalogSnapshot? last = null;
        while (true)
        {
            last = await _catalog.WaitForAsync(snapshot => snapshot != last, _stopping.Token);
            await AnnounceAsync(node, last);
        }
    }

    private async Task AnnounceAsync(MdnsNode node, CatalogSnapshot snapshot)
    {
        Dictionary<ReleaseSlot, Release> served = snapshot.Slots
            .Select(slot => slot.Serving).OfType<Release>().Where(release => release.WithdrawnBecause is null)
            .Take(MaxServices).ToDictionary(release => release.Slot);
        foreach (ReleaseSlot gone in _announced.Keys.Where(slot => !served.ContainsKey(slot)).ToList())
        {
            _announced.Remove(gone, out AdvertisedService? service);
            await service!.DisposeAsync();
            LogWithdrawn(_log, gone);
        }

        foreach ((ReleaseSlot slot, Release release) in served)
        {
            PhaseImageService says = _announcement.Of(release);
            if (_announced.TryGetValue(slot, out AdvertisedService? service))
            {
                service.UpdateText(says.ToText());
            }
            else
            {
                string name = _announcement.InstanceName(slot);
                _announced.Add(slot, node.Advertise(says.ToRegistration(name, _announcement.Port)));
                LogAnnouncing(_log, slot, name, _announcement.Port);
            }
        }
    }
}
