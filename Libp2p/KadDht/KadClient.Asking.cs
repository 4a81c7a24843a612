using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>How look-ups and announcements ask others.</summary>
internal sealed partial class KadClient
{
    private readonly ConcurrentDictionary<PeerId, bool> _checking = [];

    private async Task<List<PeerId>> LookUpAsync(
        string kind, KadKey target, KadMessage request, Action<PeerId, KadMessage> take, Func<bool> isDone,
        CancellationToken cancellationToken)
    {
        long start = _options.TimeProvider.GetTimestamp();
        using Deadline deadline = new(_options.LookupTimeout, _options.TimeProvider, cancellationToken);
        KadLookup lookup = new(
            target, _network.LocalPeer, Seeds(target), _options.BucketSize, _options.Concurrency,
            new Patience(_options.TimeProvider, _options.SlowAfter));
        Lock gate = new();
        async Task<IReadOnlyList<PeerId>?> AskAsync(PeerId peer, CancellationToken token)
        {
            if (await TryRequestAsync(peer, request, token) is not { } reply)
            {
                return null;
            }
            lock (gate)
            {
                take(peer, reply);
            }
            foreach (KadPeer closer in reply.CloserPeers)
            {
                _network.Hint(closer);
            }
            return [.. reply.CloserPeers.Where(static closer => closer.Addresses.Length > 0).Select(static closer => closer.Id)];
        }

        bool IsDone()
        {
            lock (gate)
            {
                return isDone();
            }
        }

        try
        {
            await lookup.RunAsync(AskAsync, IsDone, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsPassed)
        {
            // What was found in time is the result.
        }
        CheckSilent(lookup.Silent);
        LastLookup = (lookup.Requests, lookup.Hops);
        Libp2pInstruments.DhtLookup(kind, _options.TimeProvider.GetElapsedTime(start), lookup.Requests, lookup.Hops);
        return lookup.Closest;
    }

    // Who knows nobody yet begins with the bootstrap peers: to ask them at once tells more than to greet them first.
    private List<PeerId> Seeds(KadKey target)
    {
        List<PeerId> seeds = node.Table.Closest(target, _options.BucketSize);
        if (seeds.Count == 0)
        {
            foreach (Multiaddr address in _options.BootstrapPeers)
            {
                if (address.Peer is { } peer && peer != _network.LocalPeer)
                {
                    _network.Hint(new KadPeer(peer, [address]));
                    seeds.Add(peer);
                }
            }
        }
        return seeds;
    }

    // Tells everybody at once and returns how many took it. Once some have, the silent ones hold it up no longer than a look-up.
    private async Task<int> TellAsync(
        List<PeerId> peers, Func<PeerId, CancellationToken, Task<bool>> tell, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Patience patience = new(_options.TimeProvider, _options.SlowAfter);
        long started = patience.Now;
        List<Task<bool>> running = [.. peers.Select(peer => tell(peer, stop.Token))];
        int taken = 0;
        try
        {
            while (running.Count > 0 && !(taken > 0 && patience.IsExhausted(started)))
            {
                await patience.WaitAsync(running.Select(task => ((Task)task, started)));
                foreach (Task<bool> ended in running.Where(static task => task.IsCompleted).ToArray())
                {
                    running.Remove(ended);
                    if (await ended)
                    {
                        taken++;
                        patience.Answered(started);
                    }
                }
            }
        }
        finally
        {
            stop.Cancel();
            await Task.WhenAll(running.Cast<Task>())
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        return taken;
    }

    // A look-up that went on without them says little about neighbours on a busy machine; one that has time for them says more.
    private void CheckSilent(List<PeerId> silent)
    {
        foreach (PeerId peer in silent.Where(node.Table.Contains))
        {
            if (_checking.TryAdd(peer, true))
            {
                background("dht liveness check", async stopping =>
                {
                    try
                    {
                        await IsAliveAsync(peer, stopping);
                    }
                    finally
                    {
                        _checking.TryRemove(peer, out _);
                    }
                });
            }
        }
    }

    // Null when there is no proper answer; the peer's standing in the routing table follows.
    private async Task<KadMessage?> TryRequestAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
    {
        using Deadline deadline = new(_options.RequestTimeout, _options.TimeProvider, cancellationToken);
        try
        {
            KadMessage reply = await _network.RequestAsync(peer, request, deadline.Token);
            Libp2pInstruments.DhtRequest(request.Type.ToString(), isAnswered: true);
            sawServer(peer);
            return reply;
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            Libp2pInstruments.DhtRequest(request.Type.ToString(), isAnswered: false);
            RequestFailed(logger, request.Type, peer, exception.Message);
            // A refused value is no sign of death.
            if (request.Type != KadMessageType.PutValue)
            {
                node.Table.Failed(peer);
            }
            return null;
        }
    }

    private byte[]? GoodValue(byte[] key, KadMessage reply) =>
        reply.Record is { } bytes && KadRecord.TryRead(bytes, node.Now, out KadRecord? record)
        && record.Key.AsSpan().SequenceEqual(key) && node.Rules.Refuse(key, record.Value) is null
            ? record.Value
            : null;

    // Peers that answered with an older value are given the best one.
    private void Correct(byte[] key, byte[] best, ConcurrentDictionary<PeerId, byte[]?> answers)
    {
        KadKey target = KadKey.Of(key);
        List<PeerId> outdated = [.. answers
            .Where(answer => answer.Value is { } value && node.Rules.IsBetter(key, value, best))
            .Select(static answer => answer.Key)
            .OrderBy(peer => KadKey.Of(peer).DistanceTo(target), Comparer<KadKey>.Create(static (left, right) => left.CompareTo(right)))
            .Take(_options.BucketSize)];
        if (outdated.Count > 0)
        {
            KadMessage request = new() { Type = KadMessageType.PutValue, Key = key, Record = new KadRecord(key, best, node.Now).Encode() };
            background("dht correction", stopping => Task.WhenAll(outdated.Select(peer => TryRequestAsync(peer, request, stopping))));
        }
    }

    private static bool IsFailure(Exception exception, CancellationToken cancellationToken) =>
        exception is IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    [LoggerMessage(4024, LogLevel.Debug, "{Type} was not answered by {Peer}: {Message}")]
    private static partial void RequestFailed(ILogger logger, KadMessageType type, PeerId peer, string message);
}
