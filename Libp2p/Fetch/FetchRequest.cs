using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>What a client asks for: a manifest, or an artifact by its hash, whole or in part.</summary>
public sealed record FetchRequest
{
    private static readonly SearchValues<char> NameChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");
    private const int MaxNameChars = 64;

    private FetchRequest()
    {
    }

    /// <summary>True for a manifest, false for an artifact.</summary>
    public bool IsManifest => Hash is null;

    /// <summary>Release channel of the manifest; null, as <see cref="Arch"/>, for the only or first one that the peer has.</summary>
    public string? Channel { get; private init; }

    /// <summary>Machine architecture of the manifest, or null.</summary>
    public string? Arch { get; private init; }

    /// <summary>"sha256:" and 64 hexadecimal digits, or null for a manifest.</summary>
    public string? Hash { get; private init; }

    /// <summary>First byte asked for; null is 0.</summary>
    public long? Offset { get; private init; }

    /// <summary>Bytes asked for; null is all from <see cref="Offset"/> on.</summary>
    public long? LengthBytes { get; private init; }

    /// <summary>The manifest that the peer has, whichever that is.</summary>
    public static FetchRequest Manifest() => new();

    /// <summary>The manifest of a channel and architecture: names of 1 to 64 of a-z, 0-9, '.', '_' and '-'.</summary>
    /// <exception cref="ArgumentException">Another form.</exception>
    public static FetchRequest Manifest(string channel, string arch) => IsName(channel) && IsName(arch)
        ? new FetchRequest { Channel = channel, Arch = arch }
        : throw new ArgumentException(
            $"'{channel}' and '{arch}' are no channel and architecture; expected 1 to 64 of a-z, 0-9, '.', '_', '-'.");

    /// <summary>An artifact, or <paramref name="lengthBytes"/> bytes of it from <paramref name="offset"/> on.</summary>
    /// <exception cref="ArgumentException">
    /// The hash is not "sha256:" and 64 lower-case hexadecimal digits, or a number is negative.
    /// </exception>
    public static FetchRequest Artifact(string hash, long? offset = null, long? lengthBytes = null)
    {
        ArgumentNullException.ThrowIfNull(hash);
        if (!FetchProtocol.IsHash(hash))
        {
            throw new ArgumentException($"'{hash}' is no hash; expected sha256: and 64 lower-case hexadecimal digits.", nameof(hash));
        }
        ArgumentOutOfRangeException.ThrowIfNegative(offset ?? 0, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes ?? 0, nameof(lengthBytes));
        return new FetchRequest { Hash = hash, Offset = offset, LengthBytes = lengthBytes };
    }

    /// <summary>Reads the JSON text of a request; false with the reason when it breaks any rule.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> json, [NotNullWhen(true)] out FetchRequest? request, [NotNullWhen(false)] out string? problem)
    {
        request = null;
        if (!FetchFields.TryRead(json, out FetchFields? fields, out problem))
        {
            return false;
        }
        problem = fields.TakeText("type") is { } type ? ReadManifest(type, fields, out request) : ReadArtifact(fields, out request);
        if (problem is null && !fields.IsUsedUp())
        {
            problem = fields.Problem;
        }
        request = problem is null ? request : null;
        return request is not null;
    }

    /// <summary>The JSON text.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        if (Hash is null)
        {
            json.WriteString("type"u8, "manifest"u8);
            if (Channel is not null)
            {
                json.WriteString("channel"u8, Channel);
                json.WriteString("arch"u8, Arch);
            }
        }
        else
        {
            json.WriteString("hash"u8, Hash);
            if (Offset is { } offset)
            {
                json.WriteNumber("offset"u8, offset);
            }
            if (LengthBytes is { } length)
            {
                json.WriteNumber("length"u8, length);
            }
        }
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public override string ToString() => Hash is null
        ? $"manifest {Channel ?? "(any)"}/{Arch ?? "(any)"}"
        : $"{Hash} from {Offset ?? 0}{(LengthBytes is { } length ? $", {length} bytes" : "")}";

    private static string? ReadManifest(string type, FetchFields fields, out FetchRequest? request)
    {
        request = null;
        if (type != "manifest")
        {
            return $"'type' is '{FetchFields.Quote(type)}'; expected 'manifest'.";
        }
        string? channel = fields.TakeText("channel");
        string? arch = fields.TakeText("arch");
        if (channel is null != arch is null)
        {
            return fields.Problem ?? "'channel' and 'arch' belong together.";
        }
        if (channel is not null && !(IsName(channel) && IsName(arch!)))
        {
            return "'channel' or 'arch' is no name; expected 1 to 64 of a-z, 0-9, '.', '_', '-'.";
        }
        request = new FetchRequest { Channel = channel, Arch = arch };
        return fields.Problem;
    }

    private static string? ReadArtifact(FetchFields fields, out FetchRequest? request)
    {
        request = null;
        if (fields.TakeText("hash") is not { } hash)
        {
            return fields.Problem ?? "Neither 'type' nor 'hash' is there.";
        }
        if (!FetchProtocol.IsHash(hash))
        {
            return "'hash' is no hash; expected sha256: and 64 lower-case hexadecimal digits.";
        }
        request = new FetchRequest { Hash = hash, Offset = fields.TakeNumber("offset"), LengthBytes = fields.TakeNumber("length") };
        return fields.Problem;
    }

    private static bool IsName(string? text) => text is { Length: > 0 and <= MaxNameChars } && !text.AsSpan().ContainsAnyExcept(NameChars);
}
