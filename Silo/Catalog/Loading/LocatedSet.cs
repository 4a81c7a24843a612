using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>The files of one release as found in a directory at one moment.</summary>
internal sealed class LocatedSet
{
    public required string Directory { get; init; }

    /// <summary>Null when the provider is to make one.</summary>
    public required LocatedFile? Manifest { get; init; }

    /// <summary>The artifacts found; the kernel is always among them.</summary>
    public required IReadOnlyDictionary<ArtifactKind, LocatedFile> Artifacts { get; init; }

    public IEnumerable<LocatedFile> Files => Manifest is null ? Artifacts.Values : Artifacts.Values.Append(Manifest);

    /// <summary>The same names with the same stamps: nothing happened in between.</summary>
    public bool IsSameAs(LocatedSet? other) => other is not null && Files.ToHashSet().SetEquals(other.Files);
}

internal sealed record LocatedFile(string Path, FileStamp Stamp);
