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
internal sealed class MdnsDiscovery : IAsyncDisposable
{
    private const string ServiceName = PhaseImageService.ServiceType;
    private readonly AgentOptions _options;
    private readonly DiscoveryLimits _limits;
    private readonly BootConsole _console;
    private readonly MdnsNode? _node;
    private readonly ServiceBrowser? _browser;
    private readonly string? _problem;
    private readonly long _started;

    private MdnsDiscovery(AgentOptions options, DiscoveryLimits limits, BootConsole console, IMulticastNetwork? network)
    {
        (_options, _limits, _console) = (options, limits, console);
        _started = console.Time.GetTimestamp();
        try
        {
            _node = MdnsNode.Start(new MdnsOptions { OnNotice = notice => console.Debug($"mDNS: {notice.Message}") }, network, console.Time);
            _browser = _node.Browse(ServiceName);
        }
        catch (SocketException failure)
        {
            _problem = $"the LAN could not be searched: UDP port {MulticastEndpoints.Port} cannot be opened ({failure.SocketErrorCode}). "
                + "Check that the kernel has IPv4 or IPv6 and that no other program holds the port for itself";
        }
    }

    /// <summary>What the search came to, for a failure's message; follows "and".</summary>
    public string Outcome
    {
        get
        {
            if (_problem is not null)
            {
                return _problem;
            }

            string wanted = $"{_options.Channel}/{_options.Arch}";
            string[] links = [.. _node!.Links.Select(link => link.Name)];
            if (links.Length == 0)
            {
                return $"no network interface was fit for mDNS within {Seconds} (up, with multicast and an address). "
                    + "Check the cable, the card's driver and DHCP";
            }

            string none = $"no{(_browser!.Instances.Any(instance => Usable(instance).Any()) ? " further" : string.Empty)} {ServiceName}";
            string where = $"on {string.Join(", ", links)} within {Seconds}";
            string[] others = [.. _browser.Instances.Where(instance => !Usable(instance).Any()).Select(Describe).Distinct().Take(8)];
            return others.Length > 0
                ? $"{none} for {wanted} answered {where}, only {string.Join(", ", others)}. "
                    + "Check phase.channel and phase.arch, or serve it there"
                : $"{none} answered {where}. "
                    + "Check that a plasmd runs on this LAN with mDNS on and that no switch or firewall drops multicast to UDP port 5353";
        }
    }

    private string Seconds => $"{_limits.SearchLimit.TotalSeconds:0.#} s";

    /// <summary>Begins to listen and asks the first question; what cannot be opened is told by <see cref="Outcome"/>.</summary>
    /// <param name="network">Null: the machine's own links.</param>
    public static MdnsDiscovery Start(AgentOptions options, DiscoveryLimits limits, BootConsole console, IMulticastNetwork? network = null) =>
        new(options, limits, console, network);

    /// <summary>Somebody usable is known now who is not in the list.</summary>
    public bool HasNew(ProviderList providers) =>
        _browser?.Instances.Any(instance => Usable(instance).Any(url => !providers.Contains(url))) == true;

    /// <summary>
    /// Waits for somebody who is not in the list yet, and a moment longer for others; after the search limit only takes what is there.
    /// </summary>
    /// <returns>Whether the list has grown.</returns>
    public async Task<bool> FindAsync(ProviderList providers, CancellationToken cancellationToken)
    {
        if (_browser is null)
        {
            return false;
        }

        if (!HasNew(providers) && await WaitForNewAsync(_browser, providers, cancellationToken))
        {
            await Task.Delay(_limits.Settle, _console.Time, cancellationToken);
        }

        bool hasGrown = false;
        foreach (ServiceInstance instance in _browser.Instances.OrderByDescending(ReleaseOf).ThenBy(each => each.ToString(), StringComparer.Ordinal))
        {
            foreach (ProviderUrl url in Usable(instance))
            {
                hasGrown |= providers.Add(url, $"mDNS: {NameOf(instance)}", instance.Text["peer"]);
            }
        }

        return hasGrown;
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    private async Task<bool> WaitForNewAsync(ServiceBrowser browser, ProviderList providers, CancellationToken cancellationToken)
    {
        TimeSpan left = _limits.SearchLimit - _console.Time.GetElapsedTime(_started);
        using CancellationTokenSource limit = new(left > TimeSpan.Zero ? left : TimeSpan.Zero, _console.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await foreach (ServiceChange change in browser.WatchAsync(either.Token))
            {
                _console.Debug($"mDNS: {change.Kind} {ParameterValues.Shown(change.Instance.ToString(), 200)}");
                if (HasNew(providers))
                {
                    return true;
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        return false;
    }

    /// <summary>The URLs to ask, best first; none when it serves another release channel or arch.</summary>
    private IEnumerable<ProviderUrl> Usable(ServiceInstance instance)
    {
        if (!PhaseImageService.TryParse(instance.Text, out PhaseImageService? service, out _)
            || !ReleaseChannelName.TryParse(service.Channel, out ReleaseChannelName channel) || channel != _options.Channel
            || !MachineArch.TryParse(service.Arch, out MachineArch arch) || arch != _options.Arch
            || BasePathOf(service.ManifestPath) is not { } basePath)
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

    /// <summary>
    /// What the agent's own two places for a manifest are below: the announced path without <c>/stable/x86_64/manifest.json</c> or
    /// <c>/manifest.json</c>. Null when it ends otherwise.
    /// </summary>
    private string? BasePathOf(string manifestPath)
    {
        foreach (string place in (string[])[$"/{_options.Channel}/{_options.Arch}/manifest.json", "/manifest.json"])
        {
            if (manifestPath.EndsWith(place, StringComparison.Ordinal))
            {
                return manifestPath[..^place.Length];
            }
        }

        return null;
    }

    private static long ReleaseOf(ServiceInstance instance) =>
        PhaseImageService.TryParse(instance.Text, out PhaseImageService? service, out _) ? service.Release ?? -1 : -1;

    private static string Describe(ServiceInstance instance) =>
        $"{ParameterValues.Shown($"{instance.Text["channel"]}/{instance.Text["arch"]}")} at {NameOf(instance)}";

    private static string NameOf(ServiceInstance instance) => ParameterValues.Shown(instance.HostName.FirstLabel);
}
