using System.Collections.Concurrent;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Verify;
using PhaseMesh.Libp2p;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;
using PhaseMesh.Manifests.Pointers;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Finds providers in the DHT (docs/wire/dht-records.md): a client under a key made for this boot, which listens nowhere and announces
/// nothing, so every mode may use it that leaves the LAN.
/// 1. All bootstrap nodes are dialled at once.
/// 2. With the first one known as a DHT server the pointer and the provider records are looked up side by side; there is no look-up of
///    the own neighbourhood first, which only a server needs.
/// 3. That is repeated when another bootstrap node has answered, which may know another part of the network, and after growing pauses.
/// </summary>
internal sealed class DhtDiscovery : IProviderSource
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly AgentOptions _options;
    private readonly BootConsole _console;
    private readonly IdentityKey _identity = IdentityKey.Generate();
    private readonly DhtHints _hints;
    private readonly string _key;
    private readonly ConcurrentDictionary<string, string> _unreachable = [];
    private readonly Lock _gate = new();
    private readonly List<ProviderCandidate> _found = [];
    private readonly ChangeSignal _changed = new();
    private readonly ChangeSignal _searchAgain = new();
    private readonly ChangeSignal _joined = new();
    private readonly ConcurrentDictionary<PeerId, bool> _identified = [];
    private readonly CancellationTokenSource _stop = new();
    private Libp2pHost _host = null!;
    private KademliaDht _dht = null!;
    private Task _running = Task.CompletedTask;
    private volatile bool _hasLookedAround;

    private DhtDiscovery(AgentOptions options, BootConsole console, ITransport transport)
    {
        (_options, _console) = (options, console);
        _hints = new DhtHints(options, transport, options.Bootstrap.Any(DhtHints.IsLoopback));
        _key = ManifestPointer.KeyOf(options.Channel, options.Arch);
    }

    public string Name => "the DHT";

    public ProviderTier Tier => ProviderTier.Dht;

    public IReadOnlyList<ProviderCandidate> Candidates
    {
        get
        {
            lock (_gate)
            {
                return [.. _found];
            }
        }
    }

    public Task Changed => _changed.Next;

    public bool IsSearching => true;

    public bool HasLookedAround => _hasLookedAround;

    /// <summary>Dials; never listens.</summary>
    public Libp2pHost Host => _host;

    /// <param name="transport">Null: TCP.</param>
    public static async Task<DhtDiscovery> StartAsync(AgentOptions options, BootConsole console, ITransport? transport = null)
    {
        transport ??= new TcpTransport();
        DhtDiscovery discovery = new(options, console, transport);
        ConsoleLogging log = new(console);
        discovery._host = await Libp2pHost.StartAsync(new HostOptions
        {
            Identity = discovery._identity,
            Transports = [new GuardedTransport(transport, discovery._hints.MayDial)],
            AgentVersion = $"phase-agent/{BuildStamp.Version}",
            Limits = new ConnectionLimits
            {
                MaxConnections = 128,
                MaxKnownPeers = 1024,
                DialTimeout = TimeSpan.FromSeconds(5),
                // A boot is short: a provider that comes to life must not wait long for us.
                MaxDialBackOff = TimeSpan.FromSeconds(5),
            },
            TimeProvider = console.Time,
            LoggerFactory = log,
        });
        discovery._dht = await KademliaDht.StartAsync(discovery._host, new KadOptions
        {
            IsServer = false,
            Namespaces = new Dictionary<string, IRecordRules>
            {
                [ManifestPointer.Namespace] = new DelegatedRules(discovery.Refuse, ManifestPointerRules.SelectBest),
            },
            RequestTimeout = TimeSpan.FromSeconds(3),
            LookupTimeout = TimeSpan.FromSeconds(10),
            MaxRecords = 16,
            MaxProviderEntries = 64,
            TimeProvider = console.Time,
            LoggerFactory = log,
        });
        // After the DHT's own handler, so that the node is in the routing table when this one runs.
        discovery._host.PeerIdentified += (connection, _) =>
        {
            discovery._identified[connection.RemotePeer] = true;
            discovery._joined.Raise();
        };
        discovery._running = discovery.RunAsync(discovery._stop.Token);
        return discovery;
    }

    public void SearchAgain()
    {
        _hasLookedAround = false;
        _searchAgain.Raise();
    }

    public string Outcome(TimeSpan searched, bool foundSome)
    {
        string within = $"within {searched.TotalSeconds:0.#} s";
        string reasons = string.Join("; ", _unreachable.OrderBy(each => each.Key, StringComparer.Ordinal).Take(8)
            .Select(each => $"{each.Key}: {each.Value}"));
        return _dht.RoutingTableSize == 0
            ? $"no bootstrap node of the DHT answered {within}{(reasons.Length > 0 ? $" ({reasons})" : string.Empty)}. "
                + "Check phase.bootstrap and the way to the internet"
            : $"the DHT knew no{(foundSome ? " further" : string.Empty)} provider of {_key} {within}. "
                + "Check phase.channel and phase.arch, and that a plasmd that announces it is joined to the same DHT";
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _dht.DisposeAsync();
        await _host.DisposeAsync();
        _identity.Dispose();
        _stop.Dispose();
    }

    private string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ClockFloor clock = new(_console.Time.GetUtcNow(), _options.NotBefore);
        return ManifestPointerRules.Refuse(key, value, clock.IsClockPlausible ? clock.Clock : null);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (int rounds = 0; ; rounds++)
            {
                Task again = _searchAgain.Next;
                await SearchAsync(cancellationToken);
                TimeSpan pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(rounds, 16)));
                await Task.WhenAny(again, Task.Delay(pause, _console.Time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task SearchAsync(CancellationToken cancellationToken)
    {
        List<Task> greetings = [.. _options.Bootstrap.Select(peer => GreetAsync(peer, cancellationToken))];
        do
        {
            await Task.WhenAny(greetings);
            greetings.RemoveAll(greeting => greeting.IsCompleted);
            if (_dht.RoutingTableSize > 0)
            {
                await Task.WhenAll(AskPointerAsync(cancellationToken), AskProvidersAsync(cancellationToken));
            }
        }
        while (greetings.Count > 0);
        _hasLookedAround = true;
        _changed.Raise();
    }

    private async Task GreetAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        try
        {
            PeerConnection connection = await _host.ConnectAsync(address, cancellationToken);
            if (await connection.Identified.WaitAsync(TimeSpan.FromSeconds(5), _console.Time, cancellationToken) is null)
            {
                throw new Libp2pException(DropReason.NegotiationFailed, "did not say what it speaks");
            }

            for (Task joined = _joined.Next; !_identified.ContainsKey(connection.RemotePeer); joined = _joined.Next)
            {
                await joined.WaitAsync(cancellationToken);
            }

            _unreachable.TryRemove(address.ToString(), out _);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException)
        {
            string reason = failure is Libp2pException named ? ParameterValues.Shown(named.Message, 200) : "did not say what it speaks";
            _unreachable[address.ToString()] = reason;
            _console.Debug($"DHT: {address}: {reason}");
        }
    }

    private async Task AskPointerAsync(CancellationToken cancellationToken)
    {
        byte[]? value = await _dht.GetValueAsync(_key, cancellationToken);
        if (value is not null && ManifestPointer.TryRead(value, out ManifestPointer? pointer, out _))
        {
            string urls = string.Join(", ", pointer.Urls.Select(url => ParameterValues.Shown(url.AbsoluteUri)));
            _console.Debug($"DHT: pointer of {pointer.Node} to {urls}");
            Add(_hints.Of(pointer));
        }
    }

    private async Task AskProvidersAsync(CancellationToken cancellationToken)
    {
        await foreach (KadPeer provider in _dht.FindProvidersAsync(KademliaDht.ProviderKey(_key), DhtHints.MaxProviders, cancellationToken))
        {
            string addresses = string.Join(", ", provider.Addresses.Select(address => ParameterValues.Shown(address.ToString())));
            _console.Debug($"DHT: provider {provider.Id} at {addresses}");
            Add(_hints.Of(provider));
        }
    }

    private void Add(IEnumerable<ProviderCandidate> candidates)
    {
        lock (_gate)
        {
            foreach (ProviderCandidate candidate in candidates)
            {
                if (_found.Count < ProviderList.MaxPerTier && !_found.Exists(each => each.Url == candidate.Url))
                {
                    _found.Add(candidate);
                }
            }
        }

        _changed.Raise();
    }
}
