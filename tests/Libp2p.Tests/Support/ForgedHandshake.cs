using System.Buffers.Binary;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Both sides of the Noise handshake with right cryptography and a payload of the test's choice.</summary>
/// <param name="io">The raw connection, /noise being agreed on.</param>
/// <param name="payload">Makes the payload for this handshake's static key.</param>
internal sealed class ForgedHandshake(IByteIo io, Func<byte[], byte[]> payload) : IDisposable
{
    private const int SealedKeyBytes = NoiseKeyPair.KeyBytes + NoiseCipher.TagBytes;
    private readonly NoiseSymmetricState _state = new("Noise_XX_25519_ChaChaPoly_SHA256");
    private readonly NoiseKeyPair _static = NoiseKeyPair.Generate();
    private readonly NoiseKeyPair _ephemeral = NoiseKeyPair.Generate();

    public async Task InitiateAsync(CancellationToken cancellationToken)
    {
        List<byte> message = [.. _ephemeral.PublicKey];
        _state.MixHash(_ephemeral.PublicKey);
        _state.EncryptAndHash([], message);
        await SendAsync(message, cancellationToken);

        byte[] answer = await ReceiveAsync(cancellationToken);
        byte[] theirEphemeral = answer[..NoiseKeyPair.KeyBytes];
        _state.MixHash(theirEphemeral);
        _state.MixKey(_ephemeral.Agree(theirEphemeral));
        byte[] theirStatic = _state.DecryptAndHash(answer.AsSpan(NoiseKeyPair.KeyBytes, SealedKeyBytes))!;
        _state.MixKey(_ephemeral.Agree(theirStatic));
        Assert.NotNull(_state.DecryptAndHash(answer.AsSpan(NoiseKeyPair.KeyBytes + SealedKeyBytes)));

        message.Clear();
        _state.EncryptAndHash(_static.PublicKey, message);
        _state.MixKey(_static.Agree(theirEphemeral));
        _state.EncryptAndHash(payload(_static.PublicKey), message);
        await SendAsync(message, cancellationToken);
    }

    public async Task RespondAsync(CancellationToken cancellationToken)
    {
        byte[] theirEphemeral = (await ReceiveAsync(cancellationToken))[..NoiseKeyPair.KeyBytes];
        _state.MixHash(theirEphemeral);
        _state.DecryptAndHash([]);

        List<byte> message = [.. _ephemeral.PublicKey];
        _state.MixHash(_ephemeral.PublicKey);
        _state.MixKey(_ephemeral.Agree(theirEphemeral));
        _state.EncryptAndHash(_static.PublicKey, message);
        _state.MixKey(_static.Agree(theirEphemeral));
        _state.EncryptAndHash(payload(_static.PublicKey), message);
        await SendAsync(message, cancellationToken);
    }

    public void Dispose()
    {
        _state.Dispose();
        _static.Dispose();
        _ephemeral.Dispose();
    }

    private async Task SendAsync(List<byte> message, CancellationToken cancellationToken)
    {
        byte[] frame = [0, 0, .. message];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Count);
        await io.WriteAsync(frame, cancellationToken);
    }

    private async Task<byte[]> ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[2];
        await io.ReadExactlyAsync(prefix, cancellationToken);
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await io.ReadExactlyAsync(message, cancellationToken);
        return message;
    }
}
