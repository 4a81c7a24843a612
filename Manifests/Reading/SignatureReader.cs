using System.Buffers.Text;
using PhaseMesh.Manifests.Canonical;

namespace PhaseMesh.Manifests.Reading;

/// <summary>
/// The <c>signatures</c> array; absent means unsigned. Key ids stay text: one that isn't ours to read (another algorithm, a later
/// version) belongs to an unknown signer and must not keep the manifest from being verified by the signers we know.
/// </summary>
internal static class SignatureReader
{
    internal const string ExpectedSignature = "1 to 1024 bytes in base64 with padding (RFC 4648 section 4)";

    internal static IReadOnlyList<ManifestSignature> ReadAll(JsonFields document)
    {
        if (!document.Has(ManifestReader.SignaturesField))
        {
            return [];
        }

        JsonArray array = document.Array(ManifestReader.SignaturesField, ManifestLimits.MaxSignatures, "an array of signatures");
        List<ManifestSignature> signatures = new(array.Items.Count);
        foreach (JsonValue item in array.Items)
        {
            JsonFields fields = JsonFields.Of(item, $"{ManifestReader.SignaturesField}[{signatures.Count}]");
            signatures.Add(new ManifestSignature(ReadKeyId(fields), ReadSignature(fields)));
        }

        return signatures.AsReadOnly();
    }

    private static string ReadKeyId(JsonFields fields)
    {
        string expected = $"a key id of 1 to {ManifestLimits.MaxKeyIdLength} characters";
        string keyId = fields.Text("keyid", expected);
        return keyId.Length is > 0 and <= ManifestLimits.MaxKeyIdLength ? keyId : throw fields.Refuse("keyid", expected);
    }

    private static byte[] ReadSignature(JsonFields fields)
    {
        string text = fields.Text("sig", ExpectedSignature);
        byte[] signature = new byte[ManifestLimits.MaxSignatureBytes];

        // Comparing with what we'd write refuses white space, missing padding and stray bits: one spelling per signature.
        return text.Length > 0 && Base64.GetMaxDecodedFromUtf8Length(text.Length) <= signature.Length
            && Convert.TryFromBase64String(text, signature, out int length)
            && string.Equals(Convert.ToBase64String(signature, 0, length), text, StringComparison.Ordinal)
            ? signature[..length]
            : throw fields.Refuse("sig", ExpectedSignature);
    }
}
