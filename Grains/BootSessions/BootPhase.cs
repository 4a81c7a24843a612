namespace PhaseMesh.Grains.BootSessions;

/// <summary>How far a boot came, in order. <see cref="Failed"/> may come at any time.</summary>
[GenerateSerializer]
public enum BootPhase
{
    /// <summary>The agent told the fleet that it boots.</summary>
    Created,

    /// <summary>It found providers.</summary>
    Discovered,

    /// <summary>It has a manifest that it trusts.</summary>
    Manifest,

    /// <summary>It fetches artifacts.</summary>
    Fetching,

    /// <summary>All artifacts are there and verified.</summary>
    Verified,

    /// <summary>It hands over to the target's kernel.</summary>
    Kexec,

    /// <summary>The booted node enrolled and serves.</summary>
    Joined,

    Failed,
}

/// <summary>How a boot ended.</summary>
[GenerateSerializer]
public enum BootOutcome
{
    Running,
    Joined,
    Failed,

    /// <summary>It fell silent for too long. An event makes it run again.</summary>
    Lost,
}
