using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Serving;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>All that a gateway is told; made and checked by <see cref="GatewayConfiguration"/>.</summary>
internal sealed record GatewayOptions
{
    /// <summary>Providers that are asked themselves what they serve.</summary>
    public IReadOnlyList<ConfiguredProvider> Providers { get; init; } = [];

    /// <summary>Silos that know the fleet, and whose API is answered for.</summary>
    public IReadOnlyList<Uri> Silos { get; init; } = [];

    /// <summary>Releases that none of these keys signed are not served.</summary>
    public required TrustPolicy Trust { get; init; }

    /// <summary>Where clients stand, for the choice of the nearest replica.</summary>
    public IReadOnlyList<ClientNetwork> Networks { get; init; } = [];

    /// <summary>Whose word is taken for the address of a client.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>The file that this was read of; null when there is none.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>0 is any free one.</summary>
    public int Port { get; init; } = 8081;

    /// <summary>An IP address or <c>localhost</c>; null is every address.</summary>
    public string? Bind { get; init; }

    public RedirectOptions Redirect { get; init; } = RedirectOptions.None;

    /// <summary>Null: no HTTPS.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>For HTTPS, beside <see cref="Port"/>; 0 is any free one.</summary>
    public int TlsPort { get; init; } = 8443;

    /// <summary>Where the last snapshot is kept.</summary>
    public required string StateDirectory { get; init; }

    public TimeSpan DrainGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a provider that answers is asked.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    public ForwardingOptions Forwarding { get; init; } = new();

    public ChunkStoreOptions Chunks { get; init; } = new();

    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>Connections enough for those who wait, besides those who are served.</summary>
    public ServingLimits Limits { get; init; } = new() { MaxConnections = 16_384 };

    /// <summary>As given, by name: the settings that a running gateway can't change.</summary>
    public IReadOnlyDictionary<string, string> ReadOnce { get; init; } = new Dictionary<string, string>();

    /// <summary>Files beside the configuration's own whose change means a reload.</summary>
    public IReadOnlyList<string> WatchedFiles { get; init; } = [];

    /// <summary>These options with all of the next ones that a running gateway takes up; the rest stays.</summary>
    public GatewayOptions Reloaded(GatewayOptions next) => this with
    {
        Providers = next.Providers,
        Silos = next.Silos,
        Networks = next.Networks,
        TrustedProxies = next.TrustedProxies,
        DrainGrace = next.DrainGrace,
        Redirect = next.Redirect,
        Admission = next.Admission,
        Certificate = Certificate is null ? null : next.Certificate ?? Certificate, // Whether there is one decides on the port.
        WatchedFiles = next.WatchedFiles,
    };
}
