using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// Routing table, values and announcements across a restart.
/// <code>
/// file     = State
/// State    { uint version = 1; repeated Peer peers = 2; repeated Value values = 3; repeated Provider providers = 4; }
/// Peer     { bytes id = 1; repeated bytes address = 2; }   Value { bytes key = 1; bytes value = 2; uint received = 3; }
/// Provider { bytes key = 1; bytes peer = 2; uint announced = 3; repeated bytes address = 4; }       times in Unix milliseconds
/// </code>
/// Written whole to a temporary file and renamed. Saved peers are candidates to greet, not members: they may be gone. Saved values pass
/// their namespace's rules again, for the rules may have changed.
/// </summary>
internal sealed partial class KadStateFile(string path, KadNode node, ILogger logger)
{
    private const ulong Version = 1;
    private const long MaxFileBytes = 256L * 1024 * 1024;

    public ImmutableArray<KadPeer> SavedPeers { get; private set; } = [];

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return;
        }
        long length = 0;
        try
        {
            length = new FileInfo(path).Length;
            byte[] bytes = length <= MaxFileBytes ? await File.ReadAllBytesAsync(path, cancellationToken) : [];
            if (TryRead(bytes))
            {
                return;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LoadFailed(logger, path, exception);
            return;
        }
        Unreadable(logger, path, length);
    }

    public void Save()
    {
        try
        {
            string temporary = path + ".new";
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encode());
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            SaveFailed(logger, path, exception);
        }
    }

    private byte[] Encode()
    {
        ProtobufWriter writer = new();
        writer.WriteVarint(1, Version);
        foreach (PeerId peer in node.Table.All)
        {
            ProtobufWriter entry = new();
            entry.WriteBytes(1, peer.Span);
            WriteAddresses(entry, 2, peer);
            writer.WriteBytes(2, entry.WrittenSpan);
        }
        foreach (KadRecord record in node.Records.All)
        {
            ProtobufWriter entry = new();
            entry.WriteBytes(1, record.Key);
            entry.WriteBytes(2, record.Value);
            entry.WriteVarint(3, (ulong)record.TimeReceived.ToUnixTimeMilliseconds());
            writer.WriteBytes(3, entry.WrittenSpan);
        }
        foreach (ProviderStore.Entry provider in node.Providers.All)
        {
            ProtobufWriter entry = new();
            entry.WriteBytes(1, provider.Key);
            entry.WriteBytes(2, provider.Provider.Span);
            entry.WriteVarint(3, (ulong)provider.Announced.ToUnixTimeMilliseconds());
            WriteAddresses(entry, 4, provider.Provider);
            writer.WriteBytes(4, entry.WrittenSpan);
        }
        return writer.ToArray();
    }

    private void WriteAddresses(ProtobufWriter entry, int field, PeerId peer)
    {
        foreach (Multiaddr address in node.Network.AddressesOf(peer))
        {
            entry.WriteBytes(field, address.Bytes.Span);
        }
    }

    private bool TryRead(ReadOnlySpan<byte> bytes)
    {
        ImmutableArray<KadPeer>.Builder peers = ImmutableArray.CreateBuilder<KadPeer>();
        ulong version = 0;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                reader.TryGetVarint(out version);
            }
            else if (version == Version && Entry.TryRead(reader, addressField: reader.Field == 4 ? 4 : 2, out Entry entry))
            {
                Take(reader.Field, entry, peers);
            }
        }
        SavedPeers = peers.ToImmutable();
        return reader.IsValid && version == Version;
    }

    private void Take(int field, Entry entry, ImmutableArray<KadPeer>.Builder peers)
    {
        if (field == 2 && PeerId.TryRead(entry.First, out PeerId peer) && entry.Addresses.Length > 0)
        {
            peers.Add(new KadPeer(peer, entry.Addresses));
        }
        else if (field == 3 && node.Rules.Refuse(entry.First, entry.Second) is null)
        {
            node.Records.Put(new KadRecord(entry.First, entry.Second, entry.Time));
        }
        else if (field == 4 && PeerId.TryRead(entry.Second, out PeerId provider))
        {
            node.Network.Hint(new KadPeer(provider, entry.Addresses));
            node.Providers.Add(new ProviderStore.Entry(entry.First, provider, entry.Time));
        }
    }

    private readonly record struct Entry(byte[] First, byte[] Second, DateTimeOffset Time, ImmutableArray<Multiaddr> Addresses)
    {
        public static bool TryRead(ProtobufReader outer, int addressField, out Entry entry)
        {
            entry = default;
            if (!outer.TryGetBytes(KadMessage.MaxBytes, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }
            byte[] first = [], second = [];
            ulong milliseconds = 0;
            ImmutableArray<Multiaddr>.Builder addresses = ImmutableArray.CreateBuilder<Multiaddr>();
            ProtobufReader reader = new(bytes);
            while (reader.Next())
            {
                bool hasBytes = reader.TryGetBytes(KadMessage.MaxBytes, out ReadOnlySpan<byte> value);
                if (reader.Field == addressField && Multiaddr.TryRead(value, out Multiaddr? address))
                {
                    addresses.Add(address);
                }
                else if (reader.Field == 1 && hasBytes)
                {
                    first = value.ToArray();
                }
                else if (reader.Field == 2 && hasBytes)
                {
                    second = value.ToArray();
                }
                else if (reader.Field == 3)
                {
                    reader.TryGetVarint(out milliseconds);
                }
            }
            if (!reader.IsValid || milliseconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            {
                return false;
            }
            entry = new Entry(first, second, DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds), addresses.ToImmutable());
            return true;
        }
    }

    [LoggerMessage(4022, LogLevel.Warning, "DHT state {Path} ({Length} bytes) is unreadable; starting with what could be read of it.")]
    private static partial void Unreadable(ILogger logger, string path, long length);

    [LoggerMessage(4025, LogLevel.Warning, "DHT state {Path} could not be read; starting with an empty routing table.")]
    private static partial void LoadFailed(ILogger logger, string path, Exception exception);

    [LoggerMessage(4023, LogLevel.Error, "DHT state {Path} could not be written; a restart would begin with an empty routing table.")]
    private static partial void SaveFailed(ILogger logger, string path, Exception exception);
}
