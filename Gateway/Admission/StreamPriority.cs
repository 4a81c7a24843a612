using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Admission;

internal enum StreamPriority
{
    /// <summary>Kernels, initramfs and small artifacts: a machine shows nothing before it has them.</summary>
    Boot,

    /// <summary>The rest.</summary>
    Bulk,
}

internal static class StreamPriorities
{
    public const int Count = 2;

    private const int SmallBytes = 1 << 20;

    public static StreamPriority Of(ManifestArtifact artifact) =>
        artifact.Kind is ArtifactKind.Kernel or ArtifactKind.Initramfs || artifact.SizeBytes <= SmallBytes
            ? StreamPriority.Boot
            : StreamPriority.Bulk;
}
