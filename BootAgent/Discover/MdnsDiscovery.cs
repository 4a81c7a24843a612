using System.Net;
using System.Net.Sockets;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Services;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Finds providers on the LAN (docs/wire/mdns.md): asks for <c>_phase-image._tcp.local</c> on every link and announces nothing, so every
/// mode may use it. What it hears is only a hint where to look; the manifest found there must be signed by a trusted key all the same.
/// </summary>
internal sealed class MdnsDiscovery : IProviderSource
{
    private const string ServiceName = PhaseImageService.ServiceType;
    private readonly AgentOptions _options;
    private readonly BootConsole _console;
    private readonly MdnsNode? _node;
    private readonly ServiceBrowser? _browser;
    private readonly string? _problem;
    private readonly ChangeSignal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching = Task.CompletedTask;

    private MdnsDiscovery(AgentOptions options, BootConsole console, IMulticastNetwork? network)
    {
        (_options, _console) = (options, console);
        try
        {
            _node = MdnsNode.Start(new MdnsOptions { OnNotice = notice => console.Debug($"mDNS: {notice.Message}") }, network, console.Time);
            _browser = _node.Browse(ServiceName);
            _watching = WatchAsync(_browser);
        }
        catch (SocketException failure)
        {
            _problem = $"the LAN could not be searched: UDP port {MulticastEndpoints.Port} cannot be opened ({failure.SocketErrorCode}). "
                + "Check that the kernel has IPv4 or IPv6 and that no other program holds the port for itself";
        }
    }

    public string Name => "mDNS";

    public ProviderTier Tier => ProviderTier.Lan;

    public IReadOnlyList<ProviderCandidate> Candidates => _browser is null
        ? []
        :
        [
            .. _browser.Instances.OrderByDescending(ReleaseOf).ThenBy(each => each.ToString(), StringComparer.Ordinal)
                .SelectMany(instance => Usable(instance).Select(url =>
                    new ProviderCandidate(url, $"mDNS: {NameOf(instance)}", NodeName.Of(instance.Text["peer"]), ProviderTier.Lan)))
                .Take(ProviderList.MaxPerTier),
        ];

    public Task Changed => _changed.Next;

    public bool IsSearching => _browser is not null;

    public bool HasLookedAround => true;

    /// <summary>Begins to listen and asks the first question; what cannot be opened is told by <see cref="Outcome"/>.</summary>
    /// <param name="network">Null: the machine's own links.</param>
    public static MdnsDiscovery Start(AgentOptions options, BootConsole console, IMulticastNetwork? network = null) =>
        new(options, console, network);

    public void SearchAgain()
    {
        // It listens all the time, and asks again as RFC 6762 section 5.2 has it.
    }

    public string Outcome(TimeSpan searched, bool foundSome)
    {
        if (_problem is not null)
        {
            return _problem;
        }

        string within = $"within {searched.TotalSeconds:0.#} s";
        string[] links = [.. _node!.Links.Select(link => link.Name)];
        if (links.Length == 0)
        {
            return $"no network interface was fit for mDNS {within} (up, with multicast and an address). "
                + "Check the cable, the card's driver and DHCP";
        }

        string none = $"no{(foundSome ? " further" : string.Empty)} {ServiceName}";
        string where = $"on {string.Join(", ", links)} {within}";
        string[] others = [.. _browser!.Instances.Where(instance => !Usable(instance).Any()).Select(Describe).Distinct().Take(8)];
        return others.Length > 0
            ? $"{none} for {_options.Channel}/{_options.Arch} answered {where}, only {string.Join(", ", others)}. "
                + "Check phase.channel and phase.arch, or serve it there"
            : $"{none} answered {where}. "
                + "Check that a plasmd runs on this LAN with mDNS on and that no switch or firewall drops multicast to UDP port 5353";
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(ServiceBrowser browser)
    {
        try
        {
            await foreach (ServiceChange change in browser.WatchAsync(_stop.Token))
            {
                _console.Debug($"mDNS: {change.Kind} {ParameterValues.Shown(change.Instance.ToString(), 200)}");
                _changed.Raise();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <summary>The URLs to ask, best first; none when it serves another release channel or arch.</summary>
    private IEnumerable<ProviderUrl> Usable(ServiceInstance instance)
    {
        if (!PhaseImageService.TryParse(instance.Text, out PhaseImageService? service, out _)
            || !ReleaseChannelName.TryParse(service.Channel, out ReleaseChannelName channel) || channel != _options.Channel
            || !MachineArch.TryParse(service.Arch, out MachineArch arch) || arch != _options.Arch
            || ManifestPlaces.BaseOf(service.ManifestPath, _options) is not { } basePath)
        {
            yield break;
        }

        // An address outside every subnet of the link it was heard on needs a router, if it can be reached at all.
        NetworkLink? link = _node!.Links.FirstOrDefault(each => each.Index == instance.LinkIndex);
        bool IsOnLink(IPAddress address) => link?.IsOnLink(address) == true;
        foreach (IPAddress address in instance.Addresses.OrderByDescending(IsOnLink))
        {
            bool isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
            bool isWithoutScope = isIPv6 && address.IsIPv6LinkLocal && address.ScopeId == 0;
            bool isTooFar = _options.Mode == PhaseMode.Local && !IsOnLink(address);
            string host = isIPv6 ? $"[{address}]" : address.ToString();
            if (!isWithoutScope && !isTooFar && ProviderUrl.TryParse($"http://{host}:{instance.Port}{basePath}", out ProviderUrl? url))
            {
                yield return url;
            }
        }
    }

    private static long ReleaseOf(ServiceInstance instance) =>
        PhaseImageService.TryParse(instance.Text, out PhaseImageService? service, out _) ? service.Release ?? -1 : -1;

    private static string Describe(ServiceInstance instance) =>
        $"{ParameterValues.Shown($"{instance.Text["channel"]}/{instance.Text["arch"]}")} at {NameOf(instance)}";

    private static string NameOf(ServiceInstance instance) => ParameterValues.Shown(instance.HostName.FirstLabel);
}
