using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Pointers;

/// <summary>
/// The signed form of a pointer: RFC 8785 canonical JSON, signed over the same without <c>signature</c>. There is one spelling of each, so
/// that equal pointers are equal bytes.
/// </summary>
internal static class PointerFormat
{
    private const int Version = 1;
    private const string SignatureField = "signature";
    private const string ExpectedUrl = "an absolute http or https URL of at most 512 characters, without user, query and fragment";

    public static byte[] Write(ManifestPointer pointer, Ed25519PrivateKey nodeKey)
    {
        JsonObject document = new();
        document.TryAdd("pointer_version", new JsonNumber(Version));
        document.TryAdd("channel", new JsonText(pointer.Channel.ToString()));
        document.TryAdd("arch", new JsonText(pointer.Arch.ToString()));
        if (pointer.Release is { } release)
        {
            document.TryAdd("release", new JsonNumber(release));
        }

        document.TryAdd("manifest", new JsonText(pointer.ManifestDigest.ToString()));
        document.TryAdd("urls", new JsonArray([.. pointer.Urls.Select(url => new JsonText(url.AbsoluteUri))]));
        document.TryAdd("node", new JsonText(pointer.Node.KeyId));
        document.TryAdd("expires", new JsonText(Rfc3339.Format(pointer.Expires)));
        document.TryAdd(SignatureField, new JsonText(Convert.ToBase64String(nodeKey.Sign(CanonicalJson.Serialize(document)))));
        return CanonicalJson.Serialize(document);
    }

    /// <exception cref="ManifestFormatException">It is no pointer, or not signed by the node it names.</exception>
    public static ManifestPointer Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > ManifestPointer.MaxBytes)
        {
            throw new ManifestFormatException("", $"at most {ManifestPointer.MaxBytes} bytes", $"{bytes.Length} bytes");
        }

        JsonValue value = StrictJsonReader.Read(bytes);
        JsonFields fields = JsonFields.Of(value, "");
        fields.Integer("pointer_version", Version, Version);
        ManifestPointer pointer = new()
        {
            Channel = ReleaseChannelName.TryParse(fields.Text("channel", ReleaseChannelName.Expected), out ReleaseChannelName channel)
                ? channel
                : throw fields.Refuse("channel", ReleaseChannelName.Expected),
            Arch = MachineArch.TryParse(fields.Text("arch", MachineArch.Expected), out MachineArch arch)
                ? arch
                : throw fields.Refuse("arch", MachineArch.Expected),
            Release = fields.Has("release") ? fields.Integer("release", 0, JsonNumber.MaxSafeInteger) : null,
            ManifestDigest = Sha256Digest.TryParse(fields.Text("manifest", Sha256Digest.Expected), out Sha256Digest digest)
                ? digest
                : throw fields.Refuse("manifest", Sha256Digest.Expected),
            Urls = ReadUrls(fields),
            Node = Ed25519PublicKey.TryParse(fields.Text("node", Ed25519PublicKey.Expected), out Ed25519PublicKey node)
                ? node
                : throw fields.Refuse("node", Ed25519PublicKey.Expected),
            Expires = Rfc3339.TryParse(fields.Text("expires", Rfc3339.Expected), out DateTimeOffset expires)
                ? expires
                : throw fields.Refuse("expires", Rfc3339.Expected),
        };
        CheckSignature(fields, node);
        if (!bytes.SequenceEqual(CanonicalJson.Serialize(value)))
        {
            throw new ManifestFormatException("", "canonical JSON (RFC 8785)", "another spelling of it");
        }

        return pointer;
    }

    private static List<Uri> ReadUrls(JsonFields fields)
    {
        JsonArray array = fields.Array("urls", ManifestPointer.MaxUrls, "an array of URLs");
        List<Uri> urls = [];
        foreach (JsonValue item in array.Items)
        {
            urls.Add(item is JsonText { Value.Length: <= ManifestPointer.MaxUrlLength } text
                && Uri.TryCreate(text.Value, UriKind.Absolute, out Uri? url)
                && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
                && url.AbsoluteUri == text.Value && url is { UserInfo: "", Query: "", Fragment: "" }
                ? url
                : throw new ManifestFormatException($"urls[{urls.Count}]", ExpectedUrl, JsonFields.Describe(item)));
        }

        return urls.Count > 0 ? urls : throw fields.Refuse("urls", "one URL or more");
    }

    private static void CheckSignature(JsonFields fields, Ed25519PublicKey node)
    {
        string expected = $"the signature of {node} over the other fields, 64 bytes in base64";
        string text = fields.Text(SignatureField, expected);
        Span<byte> signature = stackalloc byte[Ed25519PublicKey.SignatureBytes];
        if (!Convert.TryFromBase64String(text, signature, out int length) || length != signature.Length
            || text != Convert.ToBase64String(signature)
            || !node.Verify(CanonicalJson.Serialize(fields.Without(SignatureField)), signature))
        {
            throw fields.Refuse(SignatureField, expected);
        }
    }
}
