using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>The JSON text in front of a body, or in place of one.</summary>
internal sealed record FetchAnswer
{
    private const int MaxErrorChars = 512;

    /// <summary>Null when the request is granted.</summary>
    public FetchErrorCode? Code { get; private init; }

    public string? Error { get; private init; }

    /// <summary>Bytes of the whole content.</summary>
    public long SizeBytes { get; private init; }

    public long Offset { get; private init; }

    /// <summary>Bytes of the body that follows.</summary>
    public long LengthBytes { get; private init; }

    public string? Hash { get; private init; }

    public static FetchAnswer Grant(long sizeBytes, long offset, long lengthBytes, string? hash) =>
        new() { SizeBytes = sizeBytes, Offset = offset, LengthBytes = lengthBytes, Hash = hash };

    public static FetchAnswer Refuse(FetchErrorCode code, string error) => new() { Code = code, Error = Clean(error) };

    public static bool TryRead(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out FetchAnswer? answer, [NotNullWhen(false)] out string? problem)
    {
        answer = null;
        if (!FetchFields.TryRead(json, out FetchFields? fields, out problem))
        {
            return false;
        }
        problem = fields.TakeFlag("ok") switch
        {
            null => fields.Problem ?? "'ok' is missing.",
            true => ReadGrant(fields, out answer),
            false => ReadRefusal(fields, out answer),
        };
        if (problem is null && !fields.IsUsedUp())
        {
            problem = fields.Problem;
        }
        answer = problem is null ? answer : null;
        return answer is not null;
    }

    public byte[] Encode()
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteBoolean("ok"u8, Code is null);
        if (Code is { } code)
        {
            json.WriteString("error"u8, Error);
            json.WriteString("code"u8, code.ToWire());
        }
        else
        {
            json.WriteNumber("size"u8, SizeBytes);
            json.WriteNumber("offset"u8, Offset);
            json.WriteNumber("length"u8, LengthBytes);
            if (Hash is not null)
            {
                json.WriteString("hash"u8, Hash);
            }
        }
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Why this cannot be the answer to that request; null when it can.</summary>
    public string? Contradicts(FetchRequest request)
    {
        long offset = request.Offset ?? 0;
        if (Offset != offset)
        {
            return $"It begins at {Offset}; asked for was {offset}.";
        }
        long length = request.LengthBytes ?? SizeBytes - Offset;
        if (LengthBytes != length)
        {
            return $"It has {LengthBytes} bytes from {Offset} on, of {SizeBytes}; asked for were {length}.";
        }
        return Hash is not null && request.Hash is not null && Hash != request.Hash ? $"It is {Hash}; asked for was {request.Hash}." : null;
    }

    private static string? ReadGrant(FetchFields fields, out FetchAnswer? answer)
    {
        answer = null;
        long? size = fields.TakeNumber("size");
        long? offset = fields.TakeNumber("offset");
        long? length = fields.TakeNumber("length");
        string? hash = fields.TakeText("hash");
        if (fields.Problem is not null || size is null || offset is null || length is null)
        {
            return fields.Problem ?? "'size', 'offset' or 'length' is missing.";
        }
        if (offset > size || length > size - offset)
        {
            return $"{length} bytes from {offset} on are not within {size}.";
        }
        if (hash is not null && !FetchProtocol.IsHash(hash))
        {
            return "'hash' is no hash; expected sha256: and 64 lower-case hexadecimal digits.";
        }
        answer = Grant(size.Value, offset.Value, length.Value, hash);
        return null;
    }

    private static string? ReadRefusal(FetchFields fields, out FetchAnswer? answer)
    {
        answer = null;
        string? error = fields.TakeText("error");
        string? name = fields.TakeText("code");
        if (fields.Problem is not null || error is null || name is null)
        {
            return fields.Problem ?? "'error' or 'code' is missing.";
        }
        if (FetchErrorCodes.FromWire(name) is not { } code)
        {
            return $"'code' is '{FetchFields.Quote(name)}', which is none.";
        }
        answer = Refuse(code, error);
        return null;
    }

    // One line, and short enough to fit a message whatever has to be escaped in it.
    private static string Clean(string error) => string.Create(Math.Min(error.Length, MaxErrorChars), error, static (span, source) =>
    {
        for (int index = 0; index < span.Length; index++)
        {
            span[index] = char.IsControl(source[index]) || char.IsSurrogate(source[index]) ? '?' : source[index];
        }
    });
}
