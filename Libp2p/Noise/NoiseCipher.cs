using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>
/// Noise's CipherState with ChaCha20-Poly1305: the nonce is four zero bytes and a little-endian counter.
/// http://www.noiseprotocol.org/noise.html#the-cipherstate-object
/// </summary>
internal sealed class NoiseCipher : IDisposable
{
    public const int TagBytes = 16;
    private const int NonceBytes = 12;
    private readonly ChaCha20Poly1305 _aead;
    private readonly byte[] _nonce = new byte[NonceBytes];
    private ulong _counter;

    public NoiseCipher(ReadOnlySpan<byte> key) => _aead = new ChaCha20Poly1305(key);

    /// <summary>Encrypts in place; the tag goes behind the text.</summary>
    public void Encrypt(Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> associatedData = default)
    {
        NextNonce();
        _aead.Encrypt(_nonce, text, text, tag, associatedData);
    }

    /// <summary>Decrypts in place; false when the tag does not fit, after which the channel is of no more use.</summary>
    public bool TryDecrypt(Span<byte> text, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associatedData = default)
    {
        NextNonce();
        try
        {
            _aead.Decrypt(_nonce, text, tag, text, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _aead.Dispose();

    private void NextNonce()
    {
        // 2^64 - 1 is reserved by the specification; at one frame per nanosecond it is six centuries away.
        BinaryPrimitives.WriteUInt64LittleEndian(_nonce.AsSpan(4), _counter);
        _counter = checked(_counter + 1);
    }
}
