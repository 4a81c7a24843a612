namespace PhaseMesh.Manifests.Naming;

/// <summary>What a release consists of. The names in JSON, URLs and file names are the lower-case member names.</summary>
public enum ArtifactKind
{
    Kernel,
    Initramfs,
    Rootfs,
}

public static class ArtifactKinds
{
    public static IReadOnlyList<ArtifactKind> All { get; } = [ArtifactKind.Kernel, ArtifactKind.Initramfs, ArtifactKind.Rootfs];

    /// <summary>The name in JSON, URLs and the booted machine's file system: <c>kernel</c>, <c>initramfs</c> or <c>rootfs</c>.</summary>
    public static string Name(this ArtifactKind kind) => kind switch
    {
        ArtifactKind.Kernel => "kernel",
        ArtifactKind.Initramfs => "initramfs",
        ArtifactKind.Rootfs => "rootfs",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected kernel, initramfs or rootfs."),
    };

    public static bool TryParse(string? name, out ArtifactKind kind)
    {
        (kind, bool known) = name switch
        {
            "kernel" => (ArtifactKind.Kernel, true),
            "initramfs" => (ArtifactKind.Initramfs, true),
            "rootfs" => (ArtifactKind.Rootfs, true),
            _ => (default, false),
        };
        return known;
    }
}
