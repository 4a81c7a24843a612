using System.Collections.Frozen;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Catalog;

/// <summary>What is served at one moment; replaced as a whole.</summary>
internal sealed class CatalogSnapshot
{
    public static CatalogSnapshot Empty { get; } = new([], [], isScanned: false);

    private readonly FrozenDictionary<(ReleaseChannelName, MachineArch), SlotSnapshot> _bySlot;

    /// <param name="slots">In the order of the configuration; the default one first.</param>
    /// <param name="retired">Replaced releases still readable by digest, newest first.</param>
    /// <param name="isScanned">Every slot was looked at once.</param>
    public CatalogSnapshot(IReadOnlyList<SlotSnapshot> slots, IReadOnlyList<Release> retired, bool isScanned)
    {
        Slots = slots;
        IsScanned = isScanned;
        Default = slots.Count > 0 ? slots[0] : null;
        _bySlot = slots.ToFrozenDictionary(slot => (slot.Slot.Channel, slot.Slot.Arch));

        Dictionary<Sha256Digest, ArtifactFile> blobs = [];
        Dictionary<Sha256Digest, Release> manifests = [];
        Dictionary<string, ArtifactFile> paths = [];
        List<Release> serving = [.. slots.Select(slot => slot.Serving).OfType<Release>()];
        foreach (Release release in serving.Concat(retired))
        {
            manifests.TryAdd(release.Manifest.Digest, release);
            foreach (ArtifactFile file in release.Files.Values)
            {
                blobs.TryAdd(file.Artifact.Digest, file);
            }
        }

        foreach (ArtifactFile file in serving.SelectMany(release => release.Files.Values))
        {
            paths.TryAdd(file.Artifact.Path, file);
        }

        Blobs = blobs.ToFrozenDictionary();
        Manifests = manifests.ToFrozenDictionary();
        Paths = paths.ToFrozenDictionary();
    }

    public IReadOnlyList<SlotSnapshot> Slots { get; }

    public SlotSnapshot? Default { get; }

    public bool IsScanned { get; }

    /// <summary>Artifacts by digest, those of retired releases included.</summary>
    public FrozenDictionary<Sha256Digest, ArtifactFile> Blobs { get; }

    public FrozenDictionary<Sha256Digest, Release> Manifests { get; }

    /// <summary>Artifacts of served releases by the path their manifest gives, which need not be one of ours.</summary>
    public FrozenDictionary<string, ArtifactFile> Paths { get; }

    public SlotSnapshot? Find(ReleaseChannelName channel, MachineArch arch) => _bySlot.GetValueOrDefault((channel, arch));
}

/// <param name="Slot">Which channel and architecture.</param>
/// <param name="Serving">Null until a first release is verified, and after one had to be taken out.</param>
/// <param name="Candidate">What is in the directory but not served, and why; null when it is what is served.</param>
internal sealed record SlotSnapshot(ReleaseSlot Slot, Release? Serving, Candidate? Candidate);

/// <summary>Files that are not served.</summary>
internal sealed record Candidate(CandidateState State, string Problem)
{
    public string? Version { get; init; }

    public long? Release { get; init; }
}

internal enum CandidateState
{
    /// <summary>Incomplete, still changing or being verified; will be looked at again by itself.</summary>
    Waiting,

    /// <summary>Complete and wrong; nothing happens until somebody changes the files.</summary>
    Refused,
}
