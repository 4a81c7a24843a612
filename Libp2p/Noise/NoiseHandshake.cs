using System.Buffers.Binary;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>
/// The handshake Noise_XX_25519_ChaChaPoly_SHA256 of protocol /noise, each message framed by a big-endian 16-bit length.
/// <code>
/// 1  initiator -> responder   e                         empty payload
/// 2  responder -> initiator   e, ee, s, es              payload of the responder
/// 3  initiator -> responder   s, se                     payload of the initiator
/// </code>
/// https://github.com/libp2p/specs/blob/master/noise/README.md
/// </summary>
internal sealed class NoiseHandshake : IDisposable
{
    public const string ProtocolId = "/noise";
    private const string ProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";
    private const int SealedKeyBytes = NoiseKeyPair.KeyBytes + NoiseCipher.TagBytes;

    private readonly IByteIo _io;
    private readonly IdentityKey _identity;
    private readonly IReadOnlyList<string> _muxers;
    private readonly NoiseSymmetricState _state = new(ProtocolName);
    private readonly NoiseKeyPair _static = NoiseKeyPair.Generate();
    private readonly NoiseKeyPair _ephemeral = NoiseKeyPair.Generate();

    public NoiseHandshake(IByteIo io, IdentityKey identity, IReadOnlyList<string> muxers)
    {
        _io = io;
        _identity = identity;
        _muxers = muxers;
    }

    /// <summary>
    /// Runs the dialer's side and checks that the peer is the expected one, if any. The first message travels together with the proposal
    /// of the protocol: a round trip less, and nothing lost with a peer that speaks no Noise, which this host has no use for.
    /// </summary>
    public async ValueTask<NoiseResult> InitiateAsync(PeerId? expected, CancellationToken cancellationToken)
    {
        // 1: e
        List<byte> message = [];
        WriteEphemeral(message);
        _state.EncryptAndHash([], message);
        await MultistreamSelect.ProposeWithAsync(_io, ProtocolId, Frame(message), cancellationToken);

        // 2: e, ee, s, es
        byte[] answer = await ReceiveAsync(NoiseKeyPair.KeyBytes + SealedKeyBytes + NoiseCipher.TagBytes, cancellationToken);
        byte[] theirEphemeral = TakeEphemeral(answer);
        MixSecret(_ephemeral, theirEphemeral);
        byte[] theirStatic = Open(answer.AsSpan(NoiseKeyPair.KeyBytes, SealedKeyBytes));
        MixSecret(_ephemeral, theirStatic);
        byte[] payload = Open(answer.AsSpan(NoiseKeyPair.KeyBytes + SealedKeyBytes));
        (PeerId peer, NoisePayload content) = Authenticate(payload, theirStatic, expected);

        // 3: s, se
        message.Clear();
        _state.EncryptAndHash(_static.PublicKey, message);
        MixSecret(_static, theirEphemeral);
        _state.EncryptAndHash(NoisePayload.Create(_identity, _static.PublicKey, _muxers).Encode(), message);
        await SendAsync(message, cancellationToken);

        (NoiseCipher sending, NoiseCipher receiving) = _state.Split();
        return new NoiseResult(peer, content.StreamMuxers, sending, receiving);
    }

    /// <summary>Runs the listener's side, once the protocol is agreed on.</summary>
    public async ValueTask<NoiseResult> RespondAsync(PeerId? expected, CancellationToken cancellationToken)
    {
        // 1: e
        byte[] first = await ReceiveAsync(NoiseKeyPair.KeyBytes, cancellationToken);
        byte[] theirEphemeral = TakeEphemeral(first);
        Open(first.AsSpan(NoiseKeyPair.KeyBytes));

        // 2: e, ee, s, es
        List<byte> message = [];
        WriteEphemeral(message);
        MixSecret(_ephemeral, theirEphemeral);
        _state.EncryptAndHash(_static.PublicKey, message);
        MixSecret(_static, theirEphemeral);
        _state.EncryptAndHash(NoisePayload.Create(_identity, _static.PublicKey, _muxers).Encode(), message);
        await SendAsync(message, cancellationToken);

        // 3: s, se
        byte[] last = await ReceiveAsync(SealedKeyBytes + NoiseCipher.TagBytes, cancellationToken);
        byte[] theirStatic = Open(last.AsSpan(0, SealedKeyBytes));
        MixSecret(_ephemeral, theirStatic);
        byte[] payload = Open(last.AsSpan(SealedKeyBytes));
        (PeerId peer, NoisePayload content) = Authenticate(payload, theirStatic, expected);

        (NoiseCipher receiving, NoiseCipher sending) = _state.Split();
        return new NoiseResult(peer, content.StreamMuxers, sending, receiving);
    }

    public void Dispose()
    {
        _state.Dispose();
        _static.Dispose();
        _ephemeral.Dispose();
    }

    private static (PeerId Peer, NoisePayload Payload) Authenticate(byte[] bytes, byte[] theirStatic, PeerId? expected)
    {
        if (!NoisePayload.TryRead(bytes, out NoisePayload? payload))
        {
            throw new Libp2pException(DropReason.NoiseInvalid, "The peer's handshake payload is malformed.");
        }
        if (!IdentityPublicKey.TryRead(payload.IdentityKey, out IdentityPublicKey? identity))
        {
            throw new Libp2pException(
                DropReason.UnsupportedKey, "The peer's identity key is not Ed25519; its signature cannot be checked.");
        }
        if (!payload.IsSignedFor(identity, theirStatic))
        {
            throw new Libp2pException(DropReason.NoiseInvalid, $"The handshake is not signed by the key of {identity.PeerId}.");
        }
        if (expected is { } wanted && wanted != identity.PeerId)
        {
            throw new Libp2pException(DropReason.PeerIdMismatch, $"Dialled {wanted}, but {identity.PeerId} answered.");
        }
        return (identity.PeerId, payload);
    }

    private void WriteEphemeral(List<byte> message)
    {
        message.AddRange(_ephemeral.PublicKey);
        _state.MixHash(_ephemeral.PublicKey);
    }

    private byte[] TakeEphemeral(byte[] message)
    {
        byte[] key = message[..NoiseKeyPair.KeyBytes];
        _state.MixHash(key);
        return key;
    }

    private void MixSecret(NoiseKeyPair ours, byte[] theirs) => _state.MixKey(ours.Agree(theirs));

    private byte[] Open(ReadOnlySpan<byte> sealedText) => _state.DecryptAndHash(sealedText)
        ?? throw new Libp2pException(DropReason.NoiseInvalid, "A handshake message failed to decrypt.");

    private ValueTask SendAsync(List<byte> message, CancellationToken cancellationToken) => _io.WriteAsync(Frame(message), cancellationToken);

    private static byte[] Frame(List<byte> message)
    {
        byte[] frame = new byte[2 + message.Count];
        BinaryPrimitives.WriteUInt16BigEndian(frame, checked((ushort)message.Count));
        message.CopyTo(frame, 2);
        return frame;
    }

    private async ValueTask<byte[]> ReceiveAsync(int minBytes, CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[2];
        await _io.ReadExactlyAsync(prefix, cancellationToken);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (length < minBytes || length > NoisePayload.MaxBytes)
        {
            throw new Libp2pException(
                DropReason.NoiseInvalid, $"A handshake message has {length} bytes; expected {minBytes} to {NoisePayload.MaxBytes}.");
        }
        byte[] message = new byte[length];
        await _io.ReadExactlyAsync(message, cancellationToken);
        return message;
    }
}

/// <summary>What a finished handshake leaves: who the peer is, the muxers it named, and the ciphers of both directions.</summary>
internal sealed record NoiseResult(PeerId RemotePeer, IReadOnlyList<string> RemoteMuxers, NoiseCipher Sending, NoiseCipher Receiving);
