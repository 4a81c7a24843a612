using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>The look-ups of one node: what it asks of others. Every one ends within <see cref="KadOptions.LookupTimeout"/>.</summary>
internal sealed partial class KadClient(KadNode node, Action<PeerId> sawServer, Action<string, Func<CancellationToken, Task>> background, ILogger logger)
{
    private readonly KadOptions _options = node.Options;
    private readonly IKadNetwork _network = node.Network;

    /// <summary>Figures of the look-up that ended last, for benchmarks and tests.</summary>
    public (int Requests, int Hops) LastLookup { get; private set; }

    /// <summary>The k nearest peers to a key that answer.</summary>
    public async Task<List<PeerId>> FindClosestAsync(byte[] key, CancellationToken cancellationToken) =>
        await LookUpAsync(
            "closest", KadKey.Of(key), new KadMessage { Type = KadMessageType.FindNode, Key = key },
            static (_, _) => { }, static () => false, cancellationToken);

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
        return await TellAsync(
            closest,
            async (peer, token) => await TryRequestAsync(peer, request, token) is { Record: { } echo }
                && KadRecord.TryRead(echo, node.Now, out KadRecord? stored) && stored.Value.AsSpan().SequenceEqual(value),
            cancellationToken);
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
        return await TellAsync(
            closest,
            async (peer, token) =>
            {
                try
                {
                    using Deadline deadline = new(_options.RequestTimeout, _options.TimeProvider, token);
                    await _network.SendAsync(peer, message, deadline.Token);
                    return true;
                }
                catch (Exception exception) when (IsFailure(exception, token))
                {
                    node.Table.Failed(peer);
                    return false;
                }
            },
            cancellationToken);
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
            while (await found.Reader.WaitToReadAsync(cancellationToken))
            {
                while (found.Reader.TryRead(out KadPeer? provider))
                {
                    yield return provider;
                }
            }
            await lookUp;
        }
        finally
        {
            // A consumer that has seen enough leaves the loop; the look-up must not outlive it.
            stop.Cancel();
            await lookUp.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
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
}
