using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Crypto;

/// <summary>
/// The protobuf form that public and private keys share.
/// <code>message { KeyType Type = 1; bytes Data = 2; }   // Ed25519 = 1</code>
/// </summary>
internal static class KeyMessage
{
    private const ulong Ed25519Type = 1;

    /// <summary>False when it is malformed, of another key type, or its data has another length.</summary>
    public static bool TryRead(ReadOnlySpan<byte> protobuf, int dataBytes, out ReadOnlySpan<byte> data)
    {
        data = default;
        ProtobufReader reader = new(protobuf);
        ulong type = ulong.MaxValue;
        while (reader.Next())
        {
            bool understood = reader.Field switch
            {
                1 => reader.TryGetVarint(out type),
                2 => reader.TryGetBytes(dataBytes, out data),
                _ => true,
            };
            if (!understood)
            {
                return false;
            }
        }
        return reader.IsValid && type == Ed25519Type && data.Length == dataBytes;
    }

    public static byte[] Encode(ReadOnlySpan<byte> data)
    {
        ProtobufWriter writer = new();
        writer.WriteVarint(1, Ed25519Type);
        writer.WriteBytes(2, data);
        return writer.ToArray();
    }
}
