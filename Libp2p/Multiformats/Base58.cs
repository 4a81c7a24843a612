namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// Base58 with the Bitcoin alphabet, as peer ids are written. Conversion takes time quadratic in the length, so both directions
/// refuse input longer than any multihash.
/// </summary>
public static class Base58
{
    /// <summary>Longest accepted input: a 64-byte digest with its prefix fits twice.</summary>
    public const int MaxBytes = 128;

    private const int MaxChars = 176;
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    private static ReadOnlySpan<sbyte> Digits =>
    [
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, -1, -1, -1,
        -1, 9, 10, 11, 12, 13, 14, 15, 16, -1, 17, 18, 19, 20, 21, -1, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, -1, -1, -1, -1, -1,
        -1, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, -1, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, -1, -1, -1, -1, -1,
    ];

    /// <exception cref="ArgumentException">More than <see cref="MaxBytes"/> bytes.</exception>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new ArgumentException($"Base58 input is {bytes.Length} bytes; at most {MaxBytes} are converted.", nameof(bytes));
        }
        int zeros = 0;
        while (zeros < bytes.Length && bytes[zeros] == 0)
        {
            zeros++;
        }
        Span<byte> digits = stackalloc byte[MaxChars];
        int length = 0;
        foreach (byte value in bytes[zeros..])
        {
            int carry = value;
            for (int index = 0; index < length; index++)
            {
                carry += digits[index] << 8;
                digits[index] = (byte)(carry % 58);
                carry /= 58;
            }
            for (; carry > 0; carry /= 58)
            {
                digits[length++] = (byte)(carry % 58);
            }
        }
        Span<char> text = stackalloc char[zeros + length];
        text[..zeros].Fill('1');
        for (int index = 0; index < length; index++)
        {
            text[zeros + index] = Alphabet[digits[length - 1 - index]];
        }
        return new string(text);
    }

    /// <summary>Decodes; false for a character outside the alphabet or more than <see cref="MaxBytes"/> bytes of result.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length > MaxChars)
        {
            return false;
        }
        int zeros = 0;
        while (zeros < text.Length && text[zeros] == '1')
        {
            zeros++;
        }
        Span<byte> reversed = stackalloc byte[MaxChars];
        int length = 0;
        foreach (char symbol in text[zeros..])
        {
            int carry = symbol < 128 ? Digits[symbol] : -1;
            if (carry < 0)
            {
                return false;
            }
            for (int index = 0; index < length; index++)
            {
                carry += reversed[index] * 58;
                reversed[index] = (byte)carry;
                carry >>= 8;
            }
            for (; carry > 0; carry >>= 8)
            {
                reversed[length++] = (byte)carry;
            }
        }
        if (zeros + length > MaxBytes)
        {
            return false;
        }
        bytes = new byte[zeros + length];
        for (int index = 0; index < length; index++)
        {
            bytes[zeros + index] = reversed[length - 1 - index];
        }
        return true;
    }
}
