namespace PhaseMesh.BootAgent.Tracing;

/// <summary>Names of a boot's spans, events and attributes; docs/boot-agent.md lists them.</summary>
internal static class TraceKeys
{
    public const string Boot = "boot";
    public const string Network = "network";
    public const string Discovery = "discovery";
    public const string Manifest = "manifest";
    public const string Fetch = "fetch";
    public const string Verify = "verify";
    public const string KexecLoad = "kexec load";

    public const string Started = "provider.started";
    public const string Failed = "provider.failed";
    public const string Delivered = "provider.delivered";

    public const string Channel = "phase.channel";
    public const string Arch = "phase.arch";
    public const string Mode = "phase.mode";
    public const string Provider = "phase.provider";
    public const string Providers = "phase.providers";
    public const string Reason = "phase.reason";
    public const string Bytes = "phase.bytes";
    public const string ManifestDigest = "phase.manifest";
    public const string Release = "phase.release";
    public const string ArtifactDigest = "phase.artifact.digest";
    public const string ArtifactSize = "phase.artifact.size";
    public const string FromCache = "phase.cache";
    public const string DroppedEvents = "phase.dropped_events";
    public const string DroppedSpans = "phase.dropped_spans";
    public const string ServerAddress = "server.address";
}
