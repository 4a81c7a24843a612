using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>The look-ups of one node: what it asks of others. Every one ends within <see cref="KadOptions.LookupTimeout"/>.</summary>
internal sealed partial class KadClient(KadNode node, Action<PeerId> sawServer, Action<string, Func<Task>> background, ILogger logger)
{
    private readonly KadOptions _options = node.Options;
    private readonly IKadNetwork _network = node.Network;

    /// <summary>Figures of the look-up that ended last, for benchmarks and tests.</summary>
    public (int Requests, int Hops) LastLookup { get; private set; }

    /// <summary>The k nearest peers to a key that answer.</summary>
    public async Task<List<PeerId>> FindClosestAsync(byte[] key, CancellationToken cancellationToken) =>
        await LookUpAsync(
            "closest",
            KadKey.Of(key),
            new KadMessage { Type = KadMessageType.FindNode, Key = key },
            static (_, _) => { },
            static () => false,
            cancellationToken);

    /// <summary>The addresses of a peer, or null when nobody knows them.</summary>
    public async Task<KadPeer?> FindPeerAsync(PeerId peer, CancellationToken cancellationToken)
    {
        KadPeer? found = node.Table.Contains(peer) ? node.Describe(peer) : null;
        if (found is { Addresses.Length: > 0 })
        {
            return found;
        }
        found = null;
        await LookUpAsync(
            "peer",
            KadKey.Of(peer),
            new KadMessage { Type = KadMessageType.FindNode, Key = peer.Bytes.ToArray() },
            (_, reply) => found ??= reply.CloserPeers.FirstOrDefault(candidate => candidate.Id == peer && candidate.Addresses.Length > 0),
            () => found is not null,
            cancellationToken);
        return found;
    }

    /// <summary>Stores a value with the k nearest peers and returns how many took it.</summary>
    public async Task<int> PutAsync(byte[] key, byte[] value, CancellationToken cancellationToken)
    {
        KadRecord record = new(key, value, node.Now);
        node.Records.Put(record);
        List<PeerId> closest = await FindClosestAsync(key, cancellationToken);
        KadMessage request = new() { Type = KadMessageType.PutValue, Key = key, Record = record.Encode() };
        bool[] taken = await Task.WhenAll(closest.Select(async peer =>
            await TryRequestAsync(peer, request, cancellationToken) is { Record: { } echo }
            && KadRecord.TryRead(echo, node.Now, out KadRecord? stored) && stored.Value.AsSpan().SequenceEqual(value)));
        return taken.Count(static one => one);
    }

    /// <summary>The best value that a quorum of peers knows, or null.</summary>
    public async Task<byte[]?> GetAsync(byte[] key, CancellationToken cancellationToken)
    {
        ConcurrentDictionary<PeerId, byte[]?> answers = [];
        byte[]? best = node.TryGetGood(key, out KadRecord? held) ? held.Value : null;
        int good = best is null ? 0 : 1;
        await LookUpAsync(
            "value",
            KadKey.Of(key),
            new KadMessage { Type = KadMessageType.GetValue, Key = key },
            (peer, reply) =>
            {
                byte[]? value = GoodValue(key, reply);
                answers[peer] = value;
                if (value is not null)
                {
                    good++;
                    best = best is null || node.Rules.IsBetter(key, best, value) ? value : best;
                }
            },
            () => good >= _options.GetQuorum,
            cancellationToken);
        if (best is not null)
        {
            Correct(key, best, answers);
        }
        return best;
    }

    /// <summary>Announces this node as a provider of the key to the k nearest peers and returns how many were told.</summary>
    public async Task<int> ProvideAsync(byte[] key, CancellationToken cancellationToken)
    {
        node.Providers.Add(key, _network.LocalPeer);
        List<PeerId> closest = await FindClosestAsync(key, cancellationToken);
        KadMessage message = new() { Type = KadMessageType.AddProvider, Key = key, ProviderPeers = [node.Describe(_network.LocalPeer)] };
        bool[] told = await Task.WhenAll(closest.Select(async peer =>
        {
            try
            {
                using Deadline deadline = new(_options.RequestTimeout, _options.TimeProvider, cancellationToken);
                await _network.SendAsync(peer, message, deadline.Token);
                return true;
            }
            catch (Exception exception) when (IsFailure(exception, cancellationToken))
            {
                node.Table.Failed(peer);
                return false;
            }
        }));
        return told.Count(static one => one);
    }

    /// <summary>Providers of the key as they are found, without duplicates, this node included when it is one.</summary>
    public async IAsyncEnumerable<KadPeer> FindProvidersAsync(
        byte[] key, int maxCount, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<KadPeer> found = Channel.CreateUnbounded<KadPeer>();
        HashSet<PeerId> seen = [];
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        void Add(KadPeer provider)
        {
            if (seen.Count < maxCount && seen.Add(provider.Id))
            {
                _network.Hint(provider);
                found.Writer.TryWrite(provider with { Addresses = node.Describe(provider.Id).Addresses });
            }
        }

        foreach (PeerId provider in node.Providers.Find(key))
        {
            Add(node.Describe(provider));
        }
        Task lookUp = RunAsync();
        async Task RunAsync()
        {
            try
            {
                await LookUpAsync(
                    "providers",
                    KadKey.Of(key),
                    new KadMessage { Type = KadMessageType.GetProviders, Key = key },
                    (_, reply) =>
                    {
                        foreach (KadPeer provider in reply.ProviderPeers)
                        {
                            Add(provider);
                        }
                    },
                    () => seen.Count >= maxCount,
                    stop.Token);
            }
            finally
            {
                found.Writer.TryComplete();
            }
        }

        try
        {
            await foreach (KadPeer provider in found.Reader.ReadAllAsync(cancellationToken))
            {
                yield return provider;
            }
            await lookUp;
        }
        finally
        {
            // A consumer that has seen enough leaves the loop; the look-up must not outlive it.
            await stop.CancelAsync();
            await lookUp.ContinueWith(
                static ended => ended.Exception,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>Whether the peer answers a DHT request now.</summary>
    public async Task<bool> IsAliveAsync(PeerId peer, CancellationToken cancellationToken) =>
        await TryRequestAsync(
            peer,
            new KadMessage { Type = KadMessageType.FindNode, Key = _network.LocalPeer.Bytes.ToArray() },
            cancellationToken) is not null;

    /// <summary>Looks up a random key of one bucket, to fill it.</summary>
    public Task RefreshBucketAsync(int bucket, Random random, CancellationToken cancellationToken)
    {
        // Keys are hashed on the wire, so a bucket far down cannot be aimed at; a few tries hit the upper ones, which are the empty ones.
        byte[] key = new byte[32];
        for (int attempt = 0; attempt < 1 << Math.Min(bucket + 2, 12); attempt++)
        {
            random.NextBytes(key);
            if (node.Table.Self.CommonPrefixBits(KadKey.Of(key)) == bucket)
            {
                break;
            }
        }
        return FindClosestAsync(key, cancellationToken);
    }

    private async Task<List<PeerId>> LookUpAsync(
        string kind,
        KadKey target,
        KadMessage request,
        Action<PeerId, KadMessage> take,
        Func<bool> isDone,
        CancellationToken cancellationToken)
    {
        long start = _options.TimeProvider.GetTimestamp();
        using Deadline deadline = new(_options.LookupTimeout, _options.TimeProvider, cancellationToken);
        KadLookup lookup = new(
            target, _network.LocalPeer, node.Table.Closest(target, _options.BucketSize), _options.BucketSize, _options.Concurrency);
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
        LastLookup = (lookup.Requests, lookup.Hops);
        Libp2pInstruments.DhtLookup(kind, _options.TimeProvider.GetElapsedTime(start));
        return lookup.Closest;
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

    // Peers near the key that answered with an older value, or with none, are given the best one.
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
            background(
                "dht correction", () => Task.WhenAll(outdated.Select(peer => TryRequestAsync(peer, request, CancellationToken.None))));
        }
    }

    private static bool IsFailure(Exception exception, CancellationToken cancellationToken) =>
        exception is IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    [LoggerMessage(4024, LogLevel.Debug, "{Type} was not answered by {Peer}: {Message}")]
    private static partial void RequestFailed(ILogger logger, KadMessageType type, PeerId peer, string message);
}
