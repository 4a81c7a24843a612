using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Silo.Commands.Dht;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Advertising.Dht;

/// <summary>Real providers with libp2p on loopback, and somebody who asks them.</summary>
internal sealed class DhtMesh : IAsyncDisposable
{
    public const string Key = "/phase/stable/x86_64/manifest";

    private readonly List<ServingScene> _nodes = [];
    private readonly CancellationTokenSource _limit = new(ServingScene.Limit);
    private DhtClient? _asker;

    public CancellationToken Limit => _limit.Token;

    public TimeSpan RecordLife { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A node that joins by the first one, not started. Without artifacts it keeps the records of others only.</summary>
    public ServingScene Node(Func<ServingScene>? make = null)
    {
        ServingScene scene = make?.Invoke() ?? new ServingScene { Bind = "127.0.0.1" };
        scene.Dht ??= new DhtOptions { Port = 0, RecordLife = RecordLife, Bootstrap = _nodes is [var first, ..] ? [AddressOf(first)] : [] };
        _nodes.Add(scene);
        return scene;
    }

    /// <summary>Nodes that know each other and have nothing to announce.</summary>
    public async Task StartAsync(int nodes)
    {
        for (int count = 0; count < nodes; count++)
        {
            await Node().StartAsync();
        }

        foreach (ServingScene node in _nodes.Where(_ => nodes > 1))
        {
            await Eventually.IsAsync(() => node.Host.Dht!.Dht.RoutingTableSize > 0, "a neighbour");
        }
    }

    public static Multiaddr AddressOf(ServingScene scene) => scene.Host.Dht!.PeerAddresses.First();

    /// <summary>A client that joined by the last node.</summary>
    public async Task<DhtClient> AskerAsync()
    {
        if (_asker is null)
        {
            _asker = await DhtClient.StartAsync([AddressOf(_nodes.Last(node => node.Host.Dht is { } dht && dht.PeerAddresses.Any()))], TimeProvider.System, Limit);
            await _asker.JoinAsync(Limit);
        }

        return _asker;
    }

    public async Task<ManifestPointer?> GetAsync()
    {
        byte[]? value = await (await AskerAsync()).Dht.GetValueAsync(Key, Limit);
        Assert.True(value is null || ManifestPointer.TryRead(value, out _, out _));
        return value is not null && ManifestPointer.TryRead(value, out ManifestPointer? pointer, out _) ? pointer : null;
    }

    public async Task<IReadOnlyList<KadPeer>> FindAsync()
    {
        List<KadPeer> found = [];
        await foreach (KadPeer provider in (await AskerAsync()).Dht.FindProvidersAsync(KademliaDht.ProviderKey(Key), cancellationToken: Limit))
        {
            found.Add(provider);
        }

        return found;
    }

    /// <summary>Asks until the answer is the expected one.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isExpected)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            T answer = await ask();
            if (isExpected(answer))
            {
                return answer;
            }

            await timer.WaitForNextTickAsync(Limit);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_asker is not null)
        {
            await _asker.DisposeAsync();
        }

        foreach (ServingScene node in _nodes)
        {
            await node.DisposeAsync();
        }

        _limit.Dispose();
    }
}
