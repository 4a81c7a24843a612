using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>
/// What each side says inside the encrypted handshake: who it is, a signature that binds that to its Noise key, and its muxers.
/// <code>
/// message NoiseExtensions { repeated bytes webtransport_certhashes = 1; repeated string stream_muxers = 2; }
/// message NoiseHandshakePayload { bytes identity_key = 1; bytes identity_sig = 2; NoiseExtensions extensions = 4; }
/// </code>
/// https://github.com/libp2p/specs/blob/master/noise/README.md#the-libp2p-handshake-payload
/// </summary>
internal sealed record NoisePayload(byte[] IdentityKey, byte[] Signature, IReadOnlyList<string> StreamMuxers)
{
    public const int MaxBytes = 4096;
    private const int MaxMuxers = 16;
    private const int MaxMuxerNameBytes = 128;

    public static NoisePayload Create(IdentityKey identity, ReadOnlySpan<byte> staticKey, IReadOnlyList<string> muxers) =>
        new(identity.PublicKey.Protobuf.ToArray(), identity.Sign(SignedText(staticKey)), muxers);

    public bool IsSignedFor(IdentityPublicKey identity, ReadOnlySpan<byte> staticKey) => identity.Verify(SignedText(staticKey), Signature);

    public byte[] Encode()
    {
        ProtobufWriter writer = new();
        writer.WriteBytes(1, IdentityKey);
        writer.WriteBytes(2, Signature);
        ProtobufWriter extensions = new();
        foreach (string muxer in StreamMuxers)
        {
            extensions.WriteText(2, muxer);
        }
        writer.WriteBytes(4, extensions.WrittenSpan);
        return writer.ToArray();
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out NoisePayload? payload)
    {
        payload = null;
        ReadOnlySpan<byte> key = default, signature = default, extensions = default;
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            bool understood = reader.Field switch
            {
                1 => reader.TryGetBytes(MaxBytes, out key),
                2 => reader.TryGetBytes(MaxBytes, out signature),
                4 => reader.TryGetBytes(MaxBytes, out extensions),
                _ => true,
            };
            if (!understood)
            {
                return false;
            }
        }
        if (!reader.IsValid || key.IsEmpty || signature.IsEmpty || !TryReadMuxers(extensions, out List<string> muxers))
        {
            return false;
        }
        payload = new NoisePayload(key.ToArray(), signature.ToArray(), muxers);
        return true;
    }

    private static bool TryReadMuxers(ReadOnlySpan<byte> bytes, out List<string> muxers)
    {
        muxers = [];
        ProtobufReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 2)
            {
                continue;
            }
            if (muxers.Count == MaxMuxers || !reader.TryGetText(MaxMuxerNameBytes, out string? name))
            {
                return false;
            }
            muxers.Add(name);
        }
        return reader.IsValid;
    }

    private static byte[] SignedText(ReadOnlySpan<byte> staticKey) => [.. "noise-libp2p-static-key:"u8, .. staticKey];
}
