using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// A stored value.
/// <code>message Record { bytes key = 1; bytes value = 2; string timeReceived = 5; }   // RFC 3339 with nine digits of fraction</code>
/// The time is the receiver's own note; what a peer says about it is not believed.
/// </summary>
internal sealed record KadRecord(byte[] Key, byte[] Value, DateTimeOffset TimeReceived)
{
    /// <summary>Longest value; the public network's is of the same order.</summary>
    public const int MaxValueBytes = 64 * 1024;
    public const int MaxKeyBytes = 512;

    public byte[] Encode()
    {
        ProtobufWriter writer = new();
        writer.WriteBytes(1, Key);
        writer.WriteBytes(2, Value);
        writer.WriteText(5, TimeReceived.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture));
        return writer.ToArray();
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, DateTimeOffset now, [NotNullWhen(true)] out KadRecord? record)
    {
        record = null;
        ReadOnlySpan<byte> key = default, value = default;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            bool understood = reader.Field switch
            {
                1 => reader.TryGetBytes(MaxKeyBytes, out key),
                2 => reader.TryGetBytes(MaxValueBytes, out value),
                _ => true,
            };
            if (!understood)
            {
                return false;
            }
        }
        if (!reader.IsValid || key.IsEmpty)
        {
            return false;
        }
        record = new KadRecord(key.ToArray(), value.ToArray(), now);
        return true;
    }
}
