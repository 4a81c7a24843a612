using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Catalog;

/// <summary>A place for one release: a channel and an architecture, and the names its files may have.</summary>
internal sealed record ReleaseSlot(ReleaseChannelName Channel, MachineArch Arch)
{
    private static readonly string[] StandardKernels = ["kernel", "vmlinuz"];
    private static readonly string[] StandardInitramfs = ["initramfs", "initramfs.img"];
    private static readonly string[] StandardRootfs = ["rootfs", "rootfs.sqfs", "rootfs.squashfs"];

    /// <summary>Answers the paths without a channel and architecture.</summary>
    public required bool IsDefault { get; init; }

    /// <summary>The channel has no other architecture, so its files may lie in the artifact directory itself.</summary>
    public required bool IsOnlyArch { get; init; }

    /// <summary>Names from the configuration; they replace the standard ones.</summary>
    public required IReadOnlyDictionary<ArtifactKind, string> ConfiguredNames { get; init; }

    public IReadOnlyList<string> NamesOf(ArtifactKind kind) => ConfiguredNames.TryGetValue(kind, out string? name)
        ? [name]
        : kind switch
        {
            ArtifactKind.Kernel => StandardKernels,
            ArtifactKind.Initramfs => StandardInitramfs,
            _ => StandardRootfs,
        };

    /// <summary>Without a manifest to say: the kernel and initramfs always, and whatever the configuration names.</summary>
    public bool IsRequired(ArtifactKind kind) => kind is not ArtifactKind.Rootfs || ConfiguredNames.ContainsKey(kind);

    /// <summary>The URL path that a generated manifest gives an artifact.</summary>
    public string UrlPathOf(ArtifactKind kind) => IsDefault ? $"/{kind.Name()}" : $"/{Channel}/{Arch}/{kind.Name()}";

    /// <summary>Such as <c>stable/x86_64</c>.</summary>
    public override string ToString() => $"{Channel}/{Arch}";

    public static IReadOnlyList<ReleaseSlot> From(IReadOnlyList<ServedChannelOptions> channels)
    {
        List<ReleaseSlot> slots = [];
        foreach (ServedChannelOptions channel in channels)
        {
            Dictionary<ArtifactKind, string> names = [];
            foreach ((ArtifactKind kind, string? name) in new[]
            {
                (ArtifactKind.Kernel, channel.Kernel), (ArtifactKind.Initramfs, channel.Initramfs), (ArtifactKind.Rootfs, channel.Rootfs),
            })
            {
                if (name is not null)
                {
                    names.Add(kind, name);
                }
            }

            MachineArch[] archs = [.. channel.Archs.Distinct()];
            foreach (MachineArch arch in archs)
            {
                slots.Add(new ReleaseSlot(channel.Channel, arch)
                {
                    IsDefault = slots.Count == 0,
                    IsOnlyArch = archs.Length == 1,
                    ConfiguredNames = names,
                });
            }
        }

        return slots;
    }
}
