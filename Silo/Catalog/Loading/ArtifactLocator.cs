using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>
/// Finds the files of a release: in the first of <c>DIR/CHANNEL/ARCH</c>, <c>DIR/ARCH</c> and <c>DIR</c> (the last only when the channel
/// has one architecture) that holds its kernel.
/// </summary>
internal sealed class ArtifactLocator(string artifactsDirectory, IFileStamps stamps)
{
    public const string ManifestName = "manifest.json";

    /// <summary>Null and a reason for people when there is no kernel.</summary>
    public LocatedSet? Locate(ReleaseSlot slot, out string? problem)
    {
        problem = null;
        List<string> directories = [.. DirectoriesOf(slot)];
        foreach (string directory in directories)
        {
            if (Find(directory, slot, ArtifactKind.Kernel) is { } kernel)
            {
                return LocateIn(directory, slot, kernel);
            }
        }

        problem = $"No kernel found: looked for {string.Join(" or ", slot.NamesOf(ArtifactKind.Kernel))} in {string.Join(", ", directories)}.";
        return null;
    }

    private LocatedSet LocateIn(string directory, ReleaseSlot slot, LocatedFile kernel)
    {
        Dictionary<ArtifactKind, LocatedFile> artifacts = new() { [ArtifactKind.Kernel] = kernel };
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            if (kind is not ArtifactKind.Kernel && Find(directory, slot, kind) is { } file)
            {
                artifacts.Add(kind, file);
            }
        }

        string manifestPath = Path.Combine(directory, ManifestName);
        return new LocatedSet
        {
            Directory = directory,
            Manifest = stamps.Of(manifestPath) is { } stamp ? new LocatedFile(manifestPath, stamp) : null,
            Artifacts = artifacts,
        };
    }

    private LocatedFile? Find(string directory, ReleaseSlot slot, ArtifactKind kind)
    {
        foreach (string name in slot.NamesOf(kind))
        {
            string path = Path.Combine(directory, name);
            if (stamps.Of(path) is { } stamp)
            {
                return new LocatedFile(path, stamp);
            }
        }

        return null;
    }

    private IEnumerable<string> DirectoriesOf(ReleaseSlot slot)
    {
        yield return Path.Combine(artifactsDirectory, slot.Channel.ToString(), slot.Arch.ToString());
        yield return Path.Combine(artifactsDirectory, slot.Arch.ToString());
        if (slot.IsOnlyArch)
        {
            yield return artifactsDirectory;
        }
    }
}
