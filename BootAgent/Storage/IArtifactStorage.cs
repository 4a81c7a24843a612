using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>Where the artifacts of one boot live, once each.</summary>
internal interface IArtifactStorage : IDisposable
{
    ArtifactSlot SlotOf(ArtifactKind kind);

    /// <summary>Every artifact is verified: make the set final. Until now nothing of it has a name or a use.</summary>
    /// <returns>What was done, for the console.</returns>
    string Complete(BootManifest manifest, string targetCommandLine);
}
