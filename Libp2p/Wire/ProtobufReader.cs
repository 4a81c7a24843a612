using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PhaseMesh.Libp2p.Wire;

/// <summary>
/// A forward reader over one protobuf message from an untrusted peer. It allocates nothing and never reads outside the span; fields
/// of wire types that no message here uses are skipped, groups are refused.
/// </summary>
internal ref struct ProtobufReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest;
    private int _wireType;
    private ulong _number;
    private ReadOnlySpan<byte> _bytes;

    public ProtobufReader(ReadOnlySpan<byte> message) => _rest = message;

    /// <summary>Number of the field that <see cref="Next"/> stopped at.</summary>
    public int Field { get; private set; }

    /// <summary>True when every field so far was well formed.</summary>
    public bool IsValid { get; private set; } = true;

    /// <summary>
    /// Moves to the next field; false at the end of the message or at the first malformed byte (see <see cref="IsValid"/>).
    /// </summary>
    public bool Next()
    {
        if (_rest.IsEmpty || !IsValid)
        {
            return false;
        }
        IsValid = TryReadNumber(out ulong tag) && tag >> 3 is > 0 and < 1 << 29 && TryReadValue((int)(tag & 7));
        Field = IsValid ? (int)(tag >> 3) : 0;
        return IsValid;
    }

    /// <summary>The value of a varint field; false when it has another wire type.</summary>
    public readonly bool TryGetVarint(out ulong value)
    {
        value = _number;
        return _wireType == 0;
    }

    /// <summary>The value of a length-delimited field of at most that many bytes; false otherwise.</summary>
    public readonly bool TryGetBytes(int maxBytes, out ReadOnlySpan<byte> value)
    {
        value = _bytes;
        return _wireType == 2 && _bytes.Length <= maxBytes;
    }

    /// <summary>The value of a string field in strict UTF-8 of at most that many bytes.</summary>
    public readonly bool TryGetText(int maxBytes, [NotNullWhen(true)] out string? value)
    {
        value = null;
        if (!TryGetBytes(maxBytes, out ReadOnlySpan<byte> bytes) || !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return false;
        }
        value = StrictUtf8.GetString(bytes);
        return true;
    }

    private bool TryReadValue(int wireType)
    {
        _wireType = wireType;
        _number = 0;
        _bytes = default;
        switch (wireType)
        {
            case 0:
                return TryReadNumber(out _number);
            case 1:
                return TrySkip(8);
            case 2:
                return TryReadNumber(out ulong length) && length <= int.MaxValue && TryTake((int)length, out _bytes);
            case 5:
                return TrySkip(4);
            default:
                return false;
        }
    }

    private bool TrySkip(int count) => TryTake(count, out _);

    private bool TryTake(int count, out ReadOnlySpan<byte> taken)
    {
        if (count > _rest.Length)
        {
            taken = default;
            return false;
        }
        taken = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    // Protobuf allows ten bytes and long forms, unlike the multiformats varint.
    private bool TryReadNumber(out ulong value)
    {
        value = 0;
        for (int index = 0; index < _rest.Length && index < 10; index++)
        {
            byte current = _rest[index];
            value |= (ulong)(current & 0x7f) << (7 * index);
            if (current < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return index < 9 || current <= 1;
            }
        }
        return false;
    }
}
