namespace PhaseMesh.BootAgent;

/// <summary>How the process ends; docs/boot-agent.md holds the same table for the people who script around it.</summary>
internal enum AgentExitCode
{
    Ok = 0,

    /// <summary>A defect of the agent itself: an exception nobody expected.</summary>
    Unexpected = 1,
    BadParameters = 2,
    NoProvider = 3,
    ManifestRefused = 4,
    FetchFailed = 5,
    KexecRefused = 6,
    StorageFailed = 7,
    Interrupted = 130,
}

internal static class AgentExitCodes
{
    public static IReadOnlyList<AgentExitCode> All { get; } =
    [
        AgentExitCode.Ok, AgentExitCode.Unexpected, AgentExitCode.BadParameters, AgentExitCode.NoProvider, AgentExitCode.ManifestRefused,
        AgentExitCode.FetchFailed, AgentExitCode.KexecRefused, AgentExitCode.StorageFailed, AgentExitCode.Interrupted,
    ];

    /// <summary>The kind of failure as the fleet is told; never changes its meaning.</summary>
    public static string Slug(this AgentExitCode code) => code switch
    {
        AgentExitCode.BadParameters => "bad_parameters",
        AgentExitCode.NoProvider => "no_provider",
        AgentExitCode.ManifestRefused => "manifest_refused",
        AgentExitCode.FetchFailed => "fetch_failed",
        AgentExitCode.KexecRefused => "kexec_refused",
        AgentExitCode.StorageFailed => "storage_failed",
        AgentExitCode.Interrupted => "interrupted",
        AgentExitCode.Unexpected => "defect",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not a failure of phase-agent."),
    };

    public static string Meaning(this AgentExitCode code) => code switch
    {
        AgentExitCode.Ok => "everything was fetched and verified (and, in a machine, the new kernel was started)",
        AgentExitCode.Unexpected => "a defect of the agent: please report the lines printed",
        AgentExitCode.BadParameters => "a kernel parameter, flag or trusted key is wrong or missing",
        AgentExitCode.NoProvider => "no provider is given or found, or none of them answered with a manifest",
        AgentExitCode.ManifestRefused => "manifests were offered and every one was refused",
        AgentExitCode.FetchFailed => "an artifact could not be fetched and verified from any provider",
        AgentExitCode.KexecRefused => "everything was verified, but the running kernel would not take the new one",
        AgentExitCode.StorageFailed => "memory or disk could not hold the artifacts",
        AgentExitCode.Interrupted => "stopped by SIGINT or SIGTERM",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not an exit code of phase-agent."),
    };
}
