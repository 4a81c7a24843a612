using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Libp2p.Noise;

/// <summary>
/// Noise's SymmetricState: the chaining key, the transcript hash and the cipher of the handshake.
/// http://www.noiseprotocol.org/noise.html#the-symmetricstate-object
/// </summary>
internal sealed class NoiseSymmetricState : IDisposable
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private readonly byte[] _chainingKey = new byte[HashBytes];
    private byte[] _hash = new byte[HashBytes];
    private NoiseCipher? _cipher;

    public NoiseSymmetricState(string protocolName)
    {
        // A name of up to 32 bytes is its own padded hash.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(protocolName.Length, HashBytes);
        Encoding.ASCII.GetBytes(protocolName, _hash);
        _hash.CopyTo(_chainingKey, 0);
        MixHash([]); // libp2p's prologue is empty.
    }

    public void MixHash(ReadOnlySpan<byte> data)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_hash);
        hash.AppendData(data);
        _hash = hash.GetHashAndReset();
    }

    public void MixKey(ReadOnlySpan<byte> inputKey)
    {
        Span<byte> output = stackalloc byte[2 * HashBytes];
        Derive(inputKey, output);
        output[..HashBytes].CopyTo(_chainingKey);
        _cipher?.Dispose();
        _cipher = new NoiseCipher(output[HashBytes..]);
        CryptographicOperations.ZeroMemory(output);
    }

    /// <summary>Appends the encrypted text with its tag, or the text itself while there is no key yet.</summary>
    public void EncryptAndHash(ReadOnlySpan<byte> text, List<byte> output)
    {
        byte[] sealedText = new byte[text.Length + (_cipher is null ? 0 : NoiseCipher.TagBytes)];
        text.CopyTo(sealedText);
        _cipher?.Encrypt(sealedText.AsSpan(0, text.Length), sealedText.AsSpan(text.Length), _hash);
        MixHash(sealedText);
        output.AddRange(sealedText);
    }

    /// <summary>The text inside, or null when its tag does not fit.</summary>
    public byte[]? DecryptAndHash(ReadOnlySpan<byte> sealedText)
    {
        if (_cipher is null)
        {
            MixHash(sealedText);
            return sealedText.ToArray();
        }
        if (sealedText.Length < NoiseCipher.TagBytes)
        {
            return null;
        }
        byte[] text = sealedText[..^NoiseCipher.TagBytes].ToArray();
        if (!_cipher.TryDecrypt(text, sealedText[^NoiseCipher.TagBytes..], _hash))
        {
            return null;
        }
        MixHash(sealedText);
        return text;
    }

    /// <summary>The ciphers of the channel: the initiator's sending direction first.</summary>
    public (NoiseCipher Initiator, NoiseCipher Responder) Split()
    {
        Span<byte> output = stackalloc byte[2 * HashBytes];
        Derive([], output);
        (NoiseCipher, NoiseCipher) ciphers = (new NoiseCipher(output[..HashBytes]), new NoiseCipher(output[HashBytes..]));
        CryptographicOperations.ZeroMemory(output);
        return ciphers;
    }

    // Noise's HKDF is RFC 5869 with the chaining key as salt and no info. .NET's own refuses the empty key of Split on OpenSSL 3.
    private void Derive(ReadOnlySpan<byte> inputKey, Span<byte> output)
    {
        Span<byte> temporary = stackalloc byte[HashBytes];
        HMACSHA256.HashData(_chainingKey, inputKey, temporary);
        HMACSHA256.HashData(temporary, [1], output[..HashBytes]);
        Span<byte> second = stackalloc byte[HashBytes + 1];
        output[..HashBytes].CopyTo(second);
        second[HashBytes] = 2;
        HMACSHA256.HashData(temporary, second, output[HashBytes..]);
        CryptographicOperations.ZeroMemory(temporary);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chainingKey);
        _cipher?.Dispose();
    }
}
