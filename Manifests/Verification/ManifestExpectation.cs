using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests;

/// <summary>What the manifest was asked for; null means that this isn't checked.</summary>
public sealed record ManifestExpectation
{
    public ReleaseChannelName? Channel { get; init; }

    public MachineArch? Arch { get; init; }

    /// <summary>The release last trusted: anything older is a rollback.</summary>
    public long? MinimumRelease { get; init; }

    /// <summary>What <c>expires</c> is compared with; null when the machine has no clock to believe.</summary>
    public DateTimeOffset? Now { get; init; }
}
