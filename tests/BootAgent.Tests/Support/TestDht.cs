using System.Collections.Concurrent;
using System.Security.Cryptography;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Transport.Tcp;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>A DHT of real nodes on loopback, joined by its first one.</summary>
internal sealed class TestDht : IAsyncDisposable
{
    private readonly List<TestDhtNode> _nodes = [];

    /// <summary>Null: the nodes use plain TCP; otherwise they take part in counting round trips.</summary>
    public ConcurrentDictionary<string, RecordingTransport.Wire>? Wires { get; init; }

    /// <summary>The node that the agent is told of.</summary>
    public TestDhtNode Hub => _nodes[0];

    public IReadOnlyList<Multiaddr> Bootstrap => [Hub.Address];

    public static async Task<TestDht> StartAsync()
    {
        TestDht dht = new();
        await dht.AddAsync();
        return dht;
    }

    /// <param name="services">URLs of HTTP servers that the node tells in its provider records.</param>
    public async Task<TestDhtNode> AddAsync(params string[] services)
    {
        TestDhtNode node = await AddAloneAsync(services);
        if (node != Hub)
        {
            await node.Host.ConnectAsync(Hub.Address).WaitAsync(AgentHarness.Hang);
            await node.KnowsAsync(Hub);
            await Hub.KnowsAsync(node);
        }

        return node;
    }

    /// <summary>A node that knows nobody.</summary>
    public async Task<TestDhtNode> AddAloneAsync(params string[] services)
    {
        TestDhtNode node = await TestDhtNode.StartAsync(services, Wires is null ? new TcpTransport() : new RecordingTransport(Wires));
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestDhtNode node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}

internal sealed class TestDhtNode : IAsyncDisposable
{
    private readonly IdentityKey _identity;
    private FetchServer? _fetch;

    private TestDhtNode(byte[] seed, IdentityKey identity, Libp2pHost host, KademliaDht dht)
    {
        _identity = identity;
        Key = Ed25519PrivateKey.FromSeed(seed);
        (Host, Dht) = (host, dht);
    }

    public Ed25519PrivateKey Key { get; }

    public Libp2pHost Host { get; }

    public KademliaDht Dht { get; }

    public Multiaddr Address => Host.Addresses.First(address => address.TryGetTcpEndPoint(out _)).WithPeer(Host.LocalPeer);

    public string FetchName => $"{Host.LocalPeer} over libp2p";

    public static async Task<TestDhtNode> StartAsync(string[] services, ITransport transport)
    {
        byte[] seed = RandomNumberGenerator.GetBytes(32);
        IdentityKey identity = IdentityKey.FromSeed(seed);
        Libp2pHost host = await Libp2pHost.StartAsync(new HostOptions
        {
            Identity = identity,
            Transports = [transport],
            ListenAddresses = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            ServiceAddresses = () => [.. services.Select(url => HttpMultiaddr.From(new Uri(url)))],
        });
        KademliaDht dht = await KademliaDht.StartAsync(host, new KadOptions
        {
            Namespaces = new Dictionary<string, IRecordRules>
            {
                [ManifestPointer.Namespace] = new DelegatedRules(
                    (key, value) => ManifestPointerRules.Refuse(key, value, TimeProvider.System.GetUtcNow()),
                    ManifestPointerRules.SelectBest),
            },
        });
        return new TestDhtNode(seed, identity, host, dht);
    }

    /// <summary>Until the other is in the routing table.</summary>
    public async Task KnowsAsync(TestDhtNode other)
    {
        using CancellationTokenSource hang = new(AgentHarness.Hang);
        while (!Dht.RoutingTable.Contains(other.Host.LocalPeer))
        {
            hang.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async Task PutPointerAsync(BootRelease release, params string[] servers) =>
        await Dht.PutValueAsync(ManifestPointer.KeyOf(release.Channel, release.Arch), new ManifestPointer
        {
            Channel = release.Channel,
            Arch = release.Arch,
            Release = release.Number,
            ManifestDigest = Sha256Digest.Compute([]),
            Urls = [.. servers.Select(server => new Uri($"{server}/{release.Channel}/{release.Arch}/manifest.json"))],
            Node = Key.PublicKey,
            Expires = TimeProvider.System.GetUtcNow().AddHours(1),
        }.Sign(Key));

    public async Task ProvideAsync(MachineArch? arch = null) =>
        await Dht.ProvideAsync(KademliaDht.ProviderKey(ManifestPointer.KeyOf(ReleaseChannelName.Parse("stable"), arch ?? MachineArch.X64)));

    /// <summary>Serves a release over libp2p.</summary>
    public void Serve(TestRelease release, ProviderFault fault = ProviderFault.None) =>
        _fetch = FetchServer.Start(Host, new ReleaseContent(release, fault));

    public async ValueTask DisposeAsync()
    {
        if (_fetch is not null)
        {
            await _fetch.DisposeAsync();
        }

        await Dht.DisposeAsync();
        await Host.DisposeAsync();
        _identity.Dispose();
        Key.Dispose();
    }

    private sealed class ReleaseContent(TestRelease release, ProviderFault fault) : IFetchContent
    {
        private const int Breaks = 2;
        private int _breaks;

        public ValueTask<IFetchSource?> OpenAsync(FetchRequest request, CancellationToken cancellationToken)
        {
            if (request.IsManifest)
            {
                byte[] manifest = release.Manifest.RawBytes.ToArray();
                return ValueTask.FromResult<IFetchSource?>(
                    new Source(manifest.Length, (offset, buffer) => manifest.AsSpan((int)offset, buffer.Length).CopyTo(buffer)));
            }

            foreach ((ArtifactKind kind, ArtifactContent content) in release.Contents)
            {
                if (release.Manifest.Artifacts[kind].Digest.ToString() == request.Hash)
                {
                    int reads = 0;
                    return ValueTask.FromResult<IFetchSource?>(new Source(content.Length, (offset, buffer) =>
                    {
                        // Not at the first read: that one is before the head of the answer, which then says "unavailable".
                        if (fault == ProviderFault.Resets && reads++ > 0 && Interlocked.Increment(ref _breaks) <= Breaks)
                        {
                            throw new IOException("The test's content breaks off.");
                        }

                        content.Read(offset, buffer);
                        buffer[0] ^= (byte)(fault == ProviderFault.FlipsByte ? 1 : 0);
                    }));
                }
            }

            return ValueTask.FromResult<IFetchSource?>(null);
        }
    }

    private delegate void Reader(long offset, Span<byte> buffer);

    private sealed class Source(long size, Reader read) : IFetchSource
    {
        public long SizeBytes => size;

        public string? Hash => null;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            int length = (int)Math.Min(buffer.Length, size - offset);
            read(offset, buffer.Span[..length]);
            return ValueTask.FromResult(length);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>What a pointer says of a release, true or not.</summary>
internal sealed record BootRelease(long? Number = 7)
{
    public ReleaseChannelName Channel { get; init; } = ReleaseChannelName.Parse("stable");

    public MachineArch Arch { get; init; } = MachineArch.X64;
}
