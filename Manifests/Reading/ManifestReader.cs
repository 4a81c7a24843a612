using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Reading;

/// <summary>The fields of docs/wire/manifest.md at the top level; unknown ones are left alone, and are part of what is signed.</summary>
internal static class ManifestReader
{
    internal const string SignaturesField = "signatures";

    /// <exception cref="ManifestFormatException">The bytes are no manifest.</exception>
    internal static BootManifest Read(ReadOnlyMemory<byte> utf8)
    {
        StrictJsonReader.CheckLength(utf8.Length);

        // The caller's buffer may be pooled; what was verified must not change afterwards.
        byte[] raw = utf8.ToArray();
        JsonFields document = JsonFields.Of(StrictJsonReader.Read(raw), "");
        JsonFields artifacts = document.Object("artifacts");

        DateTimeOffset? created = ReadTime(document, "created");
        DateTimeOffset? expires = ReadTime(document, "expires");
        if (expires <= created)
        {
            throw document.Refuse("expires", "a time after 'created'");
        }

        return new BootManifest
        {
            Version = ReadPrintable(document, "version", ManifestLimits.MaxVersionLength),
            ManifestVersion = document.Integer("manifest_version", BootManifest.SupportedManifestVersion, BootManifest.SupportedManifestVersion),
            Channel = ReleaseChannelName.TryParse(document.Text("channel", ReleaseChannelName.Expected), out ReleaseChannelName channel)
                ? channel
                : throw document.Refuse("channel", ReleaseChannelName.Expected),
            Arch = MachineArch.TryParse(document.Text("arch", MachineArch.Expected), out MachineArch arch)
                ? arch
                : throw document.Refuse("arch", MachineArch.Expected),
            Release = document.Has("release") ? document.Integer("release", 0, JsonNumber.MaxSafeInteger) : null,
            Created = created,
            Expires = expires,
            CommandLine = ReadCommandLine(document),
            Artifacts = ArtifactReader.ReadAll(artifacts),
            Signatures = SignatureReader.ReadAll(document),
            RawBytes = raw,
            SignedBytes = CanonicalJson.Serialize(document.Without(SignaturesField)),
            Digest = Sha256Digest.Compute(raw),
        };
    }

    private static DateTimeOffset? ReadTime(JsonFields document, string name) =>
        document.OptionalText(name, Rfc3339.Expected) is not { } text ? null
        : Rfc3339.TryParse(text, out DateTimeOffset time) ? time
        : throw document.Refuse(name, Rfc3339.Expected);

    private static string ReadPrintable(JsonFields document, string name, int maxLength)
    {
        string expected = $"1 to {maxLength} printable ASCII characters";
        string text = document.Text(name, expected);
        return text.Length > 0 && text.Length <= maxLength && IsPrintableAscii(text) ? text : throw document.Refuse(name, expected);
    }

    private static string? ReadCommandLine(JsonFields document)
    {
        string expected = $"at most {ManifestLimits.MaxCommandLineLength} printable ASCII characters on one line";
        return document.OptionalText("cmdline", expected) is not { } text ? null
            : text.Length <= ManifestLimits.MaxCommandLineLength && IsPrintableAscii(text) ? text
            : throw document.Refuse("cmdline", expected);
    }

    private static bool IsPrintableAscii(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
