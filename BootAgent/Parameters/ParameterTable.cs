using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Parameters;

/// <summary>
/// Every parameter: the source of <c>--help</c>, of what the parsers accept, and (held true by a test) of docs/boot-agent.md.
/// </summary>
internal static class ParameterTable
{
    public static readonly ParameterDefinition Mode = new("phase.mode", "--mode", false,
        "internet, local or private", "internet", "how far discovery may reach");

    public static readonly ParameterDefinition Channel = new("phase.channel", "--channel", false,
        ReleaseChannelName.Expected, "stable", "the release channel to boot");

    public static readonly ParameterDefinition Arch = new("phase.arch", "--arch", false,
        MachineArch.Expected, "this machine's", "the machine architecture to boot");

    public static readonly ParameterDefinition Provider = new("phase.provider", "--provider", false,
        ProviderUrl.Expected, "none", "one provider or a comma list", Repeats: true);

    public static readonly ParameterDefinition Bootstrap = new("phase.bootstrap", "--bootstrap", false,
        BootstrapPeers.Expected, "those of /etc/phase/bootstrap.d in a machine, none with --no-kexec",
        "nodes by which to join the DHT and look for providers there, beside those of /etc/phase/bootstrap.d; not in mode local",
        Repeats: true);

    public static readonly ParameterDefinition Fleet = new("phase.fleet", "--fleet", false,
        RootUrl.Expected, "none",
        "the fleet's silos: they are told how the boot goes, say which release this machine is given, and hand out the ticket by which the "
        + "booted node joins", Repeats: true);

    public static readonly ParameterDefinition Announce = new("phase.announce", "--announce", false,
        RootUrl.Expected, "none",
        "where others reach the booted node, if not at its own addresses, such as behind NAT with a port forwarded to it; passed on to the "
        + "next kernel", Repeats: true);

    public static readonly ParameterDefinition Retry = new("phase.retry", "--retry-limit", false,
        "a whole number of seconds, 0 to 86400", "600 in a machine, 0 with --no-kexec",
        "how long everything is tried again, with growing pauses, when no provider was good; 0: once only");

    public static readonly ParameterDefinition Trust = new("phase.trust", "--trust", false,
        "Ed25519 keys, each ed25519:<64 hex> or ed25519:<base64>, separated by commas", "none",
        "keys whose signature on a manifest is trusted, beside those of the trust directory", Repeats: true);

    public static readonly ParameterDefinition Cache = new("phase.cache", "--use-cache", false,
        "enabled or disabled", "enabled", "whether verified artifacts may be kept on and taken from the cache directory");

    public static readonly ParameterDefinition NoWrite = new("phase.nowrite", "--nowrite", false,
        "true or false", "false", "true: nothing is written to any disk, so the cache is only read");

    public static readonly ParameterDefinition BootId = new("phase.boot_id", "--boot-id", false,
        "32 lower-case hex digits", "random", "the name of this boot, passed on to the next kernel");

    public static readonly ParameterDefinition OnFailure = new("phase.on_failure", "--on-failure", false,
        "shell, reboot or poweroff", "reboot", "what the boot image's init does after the agent has failed");

    public static readonly ParameterDefinition Debug = new("phase.debug", "--debug", true,
        "true or false", "false", "print more; the bare word is enough");

    public static readonly ParameterDefinition NoKexec = new(null, "--no-kexec", true,
        "no value", "off", "fetch and verify into --output instead of booting; /proc/cmdline is not read");

    public static readonly ParameterDefinition Discover = new(null, "--discover", true,
        "no value", "off", "with --no-kexec: look for providers on the LAN by mDNS, which a machine always does");

    public static readonly ParameterDefinition Output = new(null, "--output", false,
        "a directory", "none", "where --no-kexec puts manifest.json, kernel, initramfs, rootfs and cmdline");

    public static readonly ParameterDefinition TrustDirectory = new(null, "--trust-dir", false,
        "a directory", "/etc/phase/trust.d in a machine, none with --no-kexec", "trusted keys: *.pub files, PEM or one key a line");

    public static readonly ParameterDefinition CacheDirectory = new(null, "--cache", false,
        "a directory that exists", "/var/cache/phase in a machine, none with --no-kexec", "where the cache is");

    public static readonly ParameterDefinition NotBefore = new(null, "--not-before", false,
        "a time such as 2026-11-21T00:00:00Z", "the day the agent was built", "the clock is known to be at least this late");

    public static readonly ParameterDefinition CommandLineFile = new(null, "--cmdline", false,
        "a file", "/proc/cmdline in a machine, none with --no-kexec", "where the kernel parameters are read from");

    public static readonly ParameterDefinition Help = new(null, "--help", true, "no value", "off", "print this and exit");

    public static readonly ParameterDefinition Version = new(null, "--version", true, "no value", "off", "print the version and exit");

    public static IReadOnlyList<ParameterDefinition> All { get; } =
    [
        Mode, Channel, Arch, Provider, Bootstrap, Trust, Cache, NoWrite, BootId, Fleet, Announce, Retry, OnFailure, Debug,
        NoKexec, Discover, Output, TrustDirectory, CacheDirectory, NotBefore, CommandLineFile, Help, Version,
    ];

    public static ParameterDefinition? ByName(string name) => All.FirstOrDefault(definition => definition.Name == name);

    public static ParameterDefinition? ByFlag(string flag) => All.FirstOrDefault(definition => definition.Flag == flag);
}
