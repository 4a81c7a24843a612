using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>Where the artifacts of one boot live, once each.</summary>
internal interface IArtifactStorage : IDisposable
{
    ArtifactSlot SlotOf(ArtifactKind kind);

    /// <summary>Every artifact is verified: make the set final. Until now nothing of it has a name or a use.</summary>
    /// <param name="manifest">What is complete.</param>
    /// <param name="targetCommandLine">Of the kernel that is booted.</param>
    /// <param name="trace">
    /// Asked last, and only where a next kernel finds what rides along: the part of the boot's trace that goes there; empty for none.
    /// </param>
    /// <returns>What was done, for the console.</returns>
    string Complete(BootManifest manifest, string targetCommandLine, Func<byte[]> trace);
}
