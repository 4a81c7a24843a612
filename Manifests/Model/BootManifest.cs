using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Reading;

namespace PhaseMesh.Manifests;

/// <summary>
/// A release of one channel for one architecture (docs/wire/manifest.md), as read. Reading checks the format only: nothing in it may be
/// acted on before <see cref="ManifestVerifier"/> has said it is trusted.
/// </summary>
public sealed class BootManifest
{
    /// <summary>1 MiB.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The only <c>manifest_version</c> this code reads and writes.</summary>
    public const int SupportedManifestVersion = 1;

    internal BootManifest()
    {
    }

    /// <summary>For people, such as <c>2025.11.26</c>; releases are ordered by <see cref="Release"/> only. 1 to 128 printable ASCII characters.</summary>
    public required string Version { get; init; }

    /// <summary>The schema's version.</summary>
    public required long ManifestVersion { get; init; }

    public required ReleaseChannelName Channel { get; init; }

    public required MachineArch Arch { get; init; }

    /// <summary>A counter that only grows within a channel and architecture; what rollback protection compares. 0 to 2^53 - 1.</summary>
    public required long? Release { get; init; }

    public required DateTimeOffset? Created { get; init; }

    /// <summary>From this moment on the manifest is refused; null never expires.</summary>
    public required DateTimeOffset? Expires { get; init; }

    /// <summary>For the target kernel: at most 2048 printable ASCII characters.</summary>
    public required string? CommandLine { get; init; }

    /// <summary>Kernel and initramfs always, rootfs when the release has one.</summary>
    public required IReadOnlyDictionary<ArtifactKind, ManifestArtifact> Artifacts { get; init; }

    /// <summary>At most 16; empty when unsigned.</summary>
    public required IReadOnlyList<ManifestSignature> Signatures { get; init; }

    /// <summary>Exactly as read; what a provider serves again byte for byte.</summary>
    public required ReadOnlyMemory<byte> RawBytes { get; init; }

    /// <summary>RFC 8785 canonical JSON of everything but <c>signatures</c>, unknown fields included: what signatures are made over.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>Of <see cref="RawBytes"/>; names this manifest in blob URLs and entity tags.</summary>
    public required Sha256Digest Digest { get; init; }

    /// <param name="utf8">Copied; the caller may reuse the buffer.</param>
    /// <exception cref="ManifestFormatException">The bytes are no manifest; says which field, what was expected and what came.</exception>
    public static BootManifest Parse(ReadOnlyMemory<byte> utf8) => ManifestReader.Read(utf8);

    /// <inheritdoc cref="Parse"/>
    public static bool TryParse(
        ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out BootManifest? manifest, [NotNullWhen(false)] out ManifestFormatException? error)
    {
        try
        {
            (manifest, error) = (Parse(utf8), null);
            return true;
        }
        catch (ManifestFormatException refused)
        {
            (manifest, error) = (null, refused);
            return false;
        }
    }
}
