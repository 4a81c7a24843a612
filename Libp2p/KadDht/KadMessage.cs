using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.KadDht;

internal enum KadMessageType
{
    PutValue = 0,
    GetValue = 1,
    AddProvider = 2,
    GetProviders = 3,
    FindNode = 4,
    Ping = 5,
}

/// <summary>A peer as the DHT names it to others.</summary>
public sealed record KadPeer(PeerId Id, ImmutableArray<Multiaddr> Addresses);

/// <summary>
/// The one message of the DHT, request and reply alike, delimited by a varint length.
/// <code>
/// message Message {
///   MessageType type = 1; bytes key = 2; Record record = 3; repeated Peer closerPeers = 8; repeated Peer providerPeers = 9;
/// }
/// message Peer    { bytes id = 1; repeated bytes addrs = 2; ConnectionType connection = 3; }
/// </code>
/// A missing type is 0, PUT_VALUE. https://github.com/libp2p/specs/blob/master/kad-dht/README.md#rpc-messages
/// </summary>
internal sealed record KadMessage
{
    /// <summary>40 peers with 16 addresses each and a value of 64 KiB fit with room to spare.</summary>
    public const int MaxBytes = 512 * 1024;
    public const int MaxPeers = 128;
    public const int MaxAddressesPerPeer = 16;

    public KadMessageType Type { get; init; }

    public byte[] Key { get; init; } = [];

    /// <summary>The encoded record, as it travels.</summary>
    public byte[]? Record { get; init; }

    public ImmutableArray<KadPeer> CloserPeers { get; init; } = [];

    public ImmutableArray<KadPeer> ProviderPeers { get; init; } = [];

    public byte[] Encode()
    {
        ProtobufWriter writer = new();
        writer.WriteVarint(1, (ulong)Type);
        if (Key.Length > 0)
        {
            writer.WriteBytes(2, Key);
        }
        if (Record is not null)
        {
            writer.WriteBytes(3, Record);
        }
        WritePeers(writer, 8, CloserPeers);
        WritePeers(writer, 9, ProviderPeers);
        return writer.ToArray();
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out KadMessage? message)
    {
        message = null;
        ImmutableArray<KadPeer>.Builder closer = ImmutableArray.CreateBuilder<KadPeer>();
        ImmutableArray<KadPeer>.Builder providers = ImmutableArray.CreateBuilder<KadPeer>();
        ulong type = 0;
        ReadOnlySpan<byte> key = default, record = default;
        bool hasRecord = false;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            bool understood = reader.Field switch
            {
                1 => reader.TryGetVarint(out type) && type <= (ulong)KadMessageType.Ping,
                2 => reader.TryGetBytes(KadRecord.MaxKeyBytes, out key),
                3 => hasRecord = reader.TryGetBytes(KadRecord.MaxValueBytes + 1024, out record),
                8 => TryReadPeer(reader, closer),
                9 => TryReadPeer(reader, providers),
                _ => true,
            };
            if (!understood)
            {
                return false;
            }
        }
        if (!reader.IsValid)
        {
            return false;
        }
        message = new KadMessage
        {
            Type = (KadMessageType)type,
            Key = key.ToArray(),
            Record = hasRecord ? record.ToArray() : null,
            CloserPeers = closer.ToImmutable(),
            ProviderPeers = providers.ToImmutable(),
        };
        return true;
    }

    private static void WritePeers(ProtobufWriter writer, int field, ImmutableArray<KadPeer> peers)
    {
        foreach (KadPeer peer in peers)
        {
            ProtobufWriter inner = new();
            inner.WriteBytes(1, peer.Id.Span);
            foreach (Multiaddr address in peer.Addresses)
            {
                inner.WriteBytes(2, address.Bytes.Span);
            }
            writer.WriteBytes(field, inner.WrittenSpan);
        }
    }

    // A peer with an id we cannot read is left out rather than spoiling the whole message: key types come and go.
    private static bool TryReadPeer(ProtobufReader outer, ImmutableArray<KadPeer>.Builder peers)
    {
        if (!outer.TryGetBytes(MaxBytes, out ReadOnlySpan<byte> bytes) || peers.Count >= MaxPeers)
        {
            return false;
        }
        ImmutableArray<Multiaddr>.Builder addresses = ImmutableArray.CreateBuilder<Multiaddr>();
        PeerId id = default;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1 && reader.TryGetBytes(64, out ReadOnlySpan<byte> name))
            {
                PeerId.TryRead(name, out id);
            }
            else if (reader.Field == 2 && addresses.Count < MaxAddressesPerPeer
                && reader.TryGetBytes(Multiaddr.MaxBytes, out ReadOnlySpan<byte> binary)
                && Multiaddr.TryRead(binary, out Multiaddr? address))
            {
                addresses.Add(address);
            }
        }
        if (reader.IsValid && !id.IsEmpty)
        {
            peers.Add(new KadPeer(id, addresses.ToImmutable()));
        }
        return reader.IsValid;
    }
}
