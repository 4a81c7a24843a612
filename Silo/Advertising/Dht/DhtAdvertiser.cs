using System.Collections.Concurrent;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Advertising.Dht;

/// <summary>
/// Announces each served release in the DHT: a pointer to its manifest, signed by the node, and the node as its provider. Follows the
/// catalogue, whose every look at the disk is also the beat by which announcements are renewed. Whatever fails here is logged and ends here.
/// </summary>
/// <remarks>
/// A record is renewed 1. when the release changes, 2. after a third of its life, 3. when more peers are known than were told and few were:
/// who starts a network, or waits for its own, would otherwise be found only at the next renewal.
/// Nobody can take a record back from those who hold it: withdrawn or dead, it is believed for the rest of its life, and an asker moves on to
/// the next provider. A pointer put again with an immediate expiry would lose against the one it is to replace.
/// </remarks>
internal sealed partial class DhtAdvertiser : IAsyncDisposable
{
    /// <summary>Each costs two look-ups per renewal; channels beyond are found by asking this provider for its status.</summary>
    private const int MaxSlots = 256;

    private const int Concurrency = 4;

    /// <summary>Fewer than so many know of it: k of the DHT.</summary>
    private const int EnoughPeers = 20;

    private readonly DhtNode _node;
    private readonly ReleaseCatalog _catalog;
    private readonly Ed25519PrivateKey _nodeKey;
    private readonly TimeSpan _life;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ReleaseSlot, Announcement> _announced = [];
    private readonly Task _loop;

    private DhtAdvertiser(DhtNode node, ReleaseCatalog catalog, Ed25519PrivateKey nodeKey, TimeSpan life, TimeProvider clock, ILogger log)
    {
        _node = node;
        _catalog = catalog;
        _nodeKey = nodeKey;
        _life = life;
        _clock = clock;
        _log = log;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Starts announcing; null for a node that announces nothing.</summary>
    public static DhtAdvertiser? Start(
        ProviderOptions options, DhtNode? node, ReleaseCatalog catalog, Ed25519PrivateKey nodeKey, TimeProvider clock, ILogger log) =>
        node is null || options.Mode is not ProviderMode.Internet
            ? null
            : new DhtAdvertiser(node, catalog, nodeKey, options.Dht.RecordLife, clock, log);

    /// <summary>Renews nothing any more, and no longer names this node when asked itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        foreach (ReleaseSlot slot in _announced.Keys)
        {
            Withdraw(slot);
        }

        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            CatalogSnapshot? last = null;
            while (true)
            {
                last = await _catalog.WaitForAsync(snapshot => snapshot != last, _stopping.Token);
                await AnnounceAsync(last);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogDied(_log, e);
        }
    }

    private async Task AnnounceAsync(CatalogSnapshot snapshot)
    {
        List<Release> served = [.. snapshot.Slots
            .Select(slot => slot.Serving).OfType<Release>().Where(release => release.WithdrawnBecause is null).Take(MaxSlots)];
        foreach (ReleaseSlot gone in _announced.Keys.Except(served.Select(release => release.Slot)))
        {
            Withdraw(gone);
            LogWithdrawn(_log, gone);
        }

        List<Release> due = [.. served.Where(IsDue)];
        if (due.Count > 0 && _node.Servers.Addresses.Count > 0) // None while a machine that boots has no interface up; soon it has.
        {
            _node.Host.RefreshAddresses();
            await Parallel.ForEachAsync(
                due, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = _stopping.Token },
                async (release, cancellationToken) => await AnnounceAsync(release, cancellationToken));
        }
    }

    private bool IsDue(Release release) =>
        !_announced.TryGetValue(release.Slot, out Announcement? last)
        || last.Manifest != release.Manifest.Digest
        || _clock.GetElapsedTime(last.Timestamp) >= _life / 3
        || (last.KnownPeers < EnoughPeers && last.KnownPeers < _node.Dht.RoutingTableSize);

    private async Task AnnounceAsync(Release release, CancellationToken cancellationToken)
    {
        ReleaseSlot slot = release.Slot;
        string key = ManifestPointer.KeyOf(slot.Channel, slot.Arch);
        bool isNews = !_announced.TryGetValue(slot, out Announcement? last) || last.Manifest != release.Manifest.Digest;
        Announcement now = new(release.Manifest.Digest, _clock.GetTimestamp(), _node.Dht.RoutingTableSize);
        _announced[slot] = now; // Before it is told, so that a stop in the middle takes it back.
        byte[] pointer = PointerTo(release).Sign(_nodeKey);
        int taken = 0;
        try
        {
            taken = await _node.Dht.PutValueAsync(key, pointer, cancellationToken);
        }
        catch (ArgumentException refusal)
        {
            now.IsOutdone = true;
            if (isNews || !last!.IsOutdone)
            {
                LogOutdone(_log, slot, refusal.Message);
            }
        }

        int told = await _node.Dht.ProvideAsync(KademliaDht.ProviderKey(key), cancellationToken);
        if (isNews)
        {
            LogAnnounced(_log, slot, key, taken, told);
        }
        else
        {
            LogRenewed(_log, slot, taken, told);
        }
    }

    private ManifestPointer PointerTo(Release release)
    {
        DateTimeOffset expires = _clock.GetUtcNow() + _life;
        return new ManifestPointer
        {
            Channel = release.Slot.Channel,
            Arch = release.Slot.Arch,
            Release = release.Manifest.Release,
            ManifestDigest = release.Manifest.Digest,
            Urls = [.. _node.Servers.Urls.Select(server => new Uri(server, $"/{release.Slot}/manifest.json"))],
            Node = _nodeKey.PublicKey,
            Expires = DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds()),
        };
    }

    private void Withdraw(ReleaseSlot slot)
    {
        string key = ManifestPointer.KeyOf(slot.Channel, slot.Arch);
        _node.Dht.Withdraw(key);
        _node.Dht.WithdrawProvider(KademliaDht.ProviderKey(key));
        _announced.TryRemove(slot, out _);
    }

    private sealed record Announcement(Sha256Digest Manifest, long Timestamp, int KnownPeers)
    {
        /// <summary>Somebody's pointer is better than ours.</summary>
        public bool IsOutdone { get; set; }
    }

    [LoggerMessage(1415, LogLevel.Information,
        "{Slot}: announced in the DHT at {Key}; {Taken} peers keep the pointer, {Told} name this provider")]
    private static partial void LogAnnounced(ILogger log, ReleaseSlot slot, string key, int taken, int told);

    [LoggerMessage(1416, LogLevel.Debug, "{Slot}: renewed in the DHT; {Taken} peers keep the pointer, {Told} name this provider")]
    private static partial void LogRenewed(ILogger log, ReleaseSlot slot, int taken, int told);

    [LoggerMessage(1417, LogLevel.Information, "{Slot}: no longer announced in the DHT, as it is no longer served")]
    private static partial void LogWithdrawn(ILogger log, ReleaseSlot slot);

    [LoggerMessage(1418, LogLevel.Information,
        "{Slot}: only named as a provider in the DHT, as others announce a newer release or the same for longer. {Problem}")]
    private static partial void LogOutdone(ILogger log, ReleaseSlot slot, string problem);

    [LoggerMessage(1419, LogLevel.Error, "Announcing in the DHT has failed and ended; releases are served on")]
    private static partial void LogDied(ILogger log, Exception exception);
}
