using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Parameters;

internal enum PhaseMode
{
    Internet,
    Local,
    Private,
}

internal enum FailureAction
{
    Shell,
    Reboot,
    Poweroff,
}

/// <summary>What this boot was told to do, all of it valid.</summary>
internal sealed record AgentOptions
{
    public PhaseMode Mode { get; init; } = PhaseMode.Internet;

    public required ReleaseChannelName Channel { get; init; }

    public required MachineArch Arch { get; init; }

    public IReadOnlyList<ProviderUrl> Providers { get; init; } = [];

    /// <summary>Providers are looked for on the LAN too.</summary>
    public bool Discovers { get; init; }

    /// <summary>Nodes to join the DHT by, each ending in /p2p; none: the DHT is not asked.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap { get; init; } = [];

    /// <summary>How long rounds in which no provider was good are repeated, from the agent's start; zero: never.</summary>
    public TimeSpan RetryLimit { get; init; }

    /// <summary>Never empty: without a key nothing could be trusted.</summary>
    public required IReadOnlyList<Ed25519PublicKey> TrustedKeys { get; init; }

    /// <summary>Null: no cache is read or written.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Nothing is written to any disk except <see cref="OutputDirectory"/>.</summary>
    public bool NoWrite { get; init; }

    /// <summary>32 lower-case hex digits.</summary>
    public required string BootId { get; init; }

    /// <summary>Silos to tell of this boot, any of which will do; none: nobody is told.</summary>
    public IReadOnlyList<RootUrl> Fleet { get; init; } = [];

    /// <summary>Where others reach the booted node; none: at its own addresses.</summary>
    public IReadOnlyList<RootUrl> Announced { get; init; } = [];

    public FailureAction OnFailure { get; init; }

    public bool Debug { get; init; }

    /// <summary>Null: kexec into what was fetched.</summary>
    public string? OutputDirectory { get; init; }

    /// <summary>The clock is known to be at least this late.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The DHT is joined as a client: it leads beyond the LAN.</summary>
    public bool UsesDht => Bootstrap.Count > 0 && Mode != PhaseMode.Local;

    public string ModeName => Mode switch
    {
        PhaseMode.Local => "local",
        PhaseMode.Private => "private",
        _ => "internet",
    };
}
