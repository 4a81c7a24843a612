using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// The state of one DHT node and its answers to others. Failure cases: a poisoned value is refused by its namespace's rules and its
/// sender reported; a stale value never replaces a better one; announcements are taken only from the provider itself.
/// </summary>
internal sealed class KadNode
{
    public KadNode(IKadNetwork network, KadOptions options)
    {
        Network = network;
        Options = options;
        Table = new RoutingTable(network.LocalPeer, options.BucketSize, options.TimeProvider);
        Records = new RecordStore(options);
        Providers = new ProviderStore(options);
        Rules = new KadRules(options.Namespaces);
    }

    public IKadNetwork Network { get; }

    public KadOptions Options { get; }

    public RoutingTable Table { get; }

    public RecordStore Records { get; }

    public ProviderStore Providers { get; }

    public KadRules Rules { get; }

    public DateTimeOffset Now => Options.TimeProvider.GetUtcNow();

    /// <summary>The reply to a request, or null for one that has none.</summary>
    /// <exception cref="Libp2pException">The request is malformed, poisoned or stale: the stream is to be reset.</exception>
    public KadMessage? Answer(PeerId from, KadMessage request)
    {
        Libp2pInstruments.DhtServed(request.Type.ToString());
        switch (request.Type)
        {
            case KadMessageType.FindNode:
                return new KadMessage
                {
                    Type = request.Type,
                    Key = request.Key,
                    CloserPeers = CloserPeers(from, request.Key, isPeer: true),
                };
            case KadMessageType.GetValue:
                return new KadMessage
                {
                    Type = request.Type,
                    Key = Required(request.Key),
                    Record = Records.TryGet(request.Key, out KadRecord? record) ? record.Encode() : null,
                    CloserPeers = CloserPeers(from, request.Key),
                };
            case KadMessageType.PutValue:
                Store(request);
                return request;
            case KadMessageType.GetProviders:
                return new KadMessage
                {
                    Type = request.Type,
                    Key = Required(request.Key),
                    ProviderPeers =
                    [
                        .. Providers.Find(request.Key).Take(Options.BucketSize).Select(Describe)
                            .Where(static peer => peer.Addresses.Length > 0),
                    ],
                    CloserPeers = CloserPeers(from, request.Key),
                };
            case KadMessageType.AddProvider:
                AddProvider(from, request);
                return null;
            default:
                return new KadMessage { Type = request.Type };
        }
    }

    /// <summary>
    /// A value held that its rules still accept: one that has gone bad with time, such as a pointer that expired, is no rival.
    /// </summary>
    public bool TryGetGood(byte[] key, [NotNullWhen(true)] out KadRecord? record)
    {
        if (Records.TryGet(key, out record) && Rules.Refuse(key, record.Value) is not null)
        {
            record = null;
        }
        return record is not null;
    }

    /// <summary>A peer with the addresses known of it.</summary>
    public KadPeer Describe(PeerId peer) => new(peer, [.. (peer == Network.LocalPeer ? Network.LocalAddresses : Network.AddressesOf(peer))
        .Take(KadMessage.MaxAddressesPerPeer)]);

    private ImmutableArray<KadPeer> CloserPeers(PeerId from, byte[] key, bool isPeer = false)
    {
        ImmutableArray<KadPeer>.Builder peers = ImmutableArray.CreateBuilder<KadPeer>();
        // The one asked for, should we know it although it is no server, or should it be ourselves.
        if (isPeer && PeerId.TryRead(key, out PeerId wanted) && wanted != from && !Table.Contains(wanted))
        {
            AddIfDialable(peers, wanted);
        }
        foreach (PeerId peer in Table.Closest(KadKey.Of(key), Options.BucketSize + 1))
        {
            if (peer != from && peers.Count < Options.BucketSize)
            {
                AddIfDialable(peers, peer);
            }
        }
        return peers.ToImmutable();
    }

    private void AddIfDialable(ImmutableArray<KadPeer>.Builder peers, PeerId peer)
    {
        KadPeer described = Describe(peer);
        if (described.Addresses.Length > 0)
        {
            peers.Add(described);
        }
    }

    private void Store(KadMessage request)
    {
        if (request.Record is null || !KadRecord.TryRead(request.Record, Now, out KadRecord? record)
            || !record.Key.AsSpan().SequenceEqual(request.Key))
        {
            throw new Libp2pException(DropReason.MessageInvalid, "PUT_VALUE without a proper record of its key.");
        }
        if (Rules.Refuse(record.Key, record.Value) is { } problem)
        {
            throw new Libp2pException(DropReason.MessageInvalid, $"PUT_VALUE of a bad value: {problem}.");
        }
        if (TryGetGood(record.Key, out KadRecord? held) && Rules.IsBetter(record.Key, record.Value, held.Value))
        {
            // Not the sender's fault: it may not have heard of the newer one. LocalClose resets the stream without a fault.
            throw new Libp2pException(DropReason.LocalClose, "PUT_VALUE of an older value than the one held.");
        }
        Records.Put(record);
    }

    private void AddProvider(PeerId from, KadMessage request)
    {
        if (!Multihash.TryRead(request.Key, out ulong code, out _) || code != Multihash.Sha256Code)
        {
            throw new Libp2pException(DropReason.MessageInvalid, "ADD_PROVIDER for a key that is no sha2-256 multihash.");
        }
        foreach (KadPeer provider in request.ProviderPeers)
        {
            // Others may not be announced: that is how false providers would get in.
            if (provider.Id == from && provider.Addresses.Length > 0)
            {
                Network.Hint(provider);
                Providers.Add(request.Key, from);
            }
        }
    }

    private static byte[] Required(byte[] key) =>
        key.Length > 0 ? key : throw new Libp2pException(DropReason.MessageInvalid, "A DHT request without a key.");
}
