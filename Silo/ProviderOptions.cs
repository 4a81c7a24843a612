using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Serving;

namespace PhaseMesh.Silo;

/// <summary>What a provider serves and how. Filled from flags, then environment, then <c>provider.toml</c>, then these defaults.</summary>
public sealed class ProviderOptions
{
    public bool Enabled { get; init; } = true;

    /// <summary>TCP port; 0 lets the system choose one (used by tests).</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Address to listen on; null is every address, IPv4 and IPv6.</summary>
    public string? Bind { get; init; }

    public required string ArtifactsDirectory { get; init; }

    /// <summary>Where the node identity and generated manifests live; made with mode 0700 if missing.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The first one answers the paths without a channel, such as <c>/manifest.json</c>.</summary>
    public required IReadOnlyList<ServedChannelOptions> Channels { get; init; }

    public AdvertisementOptions Advertisement { get; init; } = new();

    /// <summary>How long downloads in flight may go on after SIGTERM.</summary>
    public TimeSpan DrainGracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    public CatalogOptions Catalog { get; init; } = new();

    public ServingLimits Limits { get; init; } = new();
}

/// <summary>One <c>[provider.channels.NAME]</c> table. A null file name means the standard names are tried.</summary>
public sealed class ServedChannelOptions
{
    public required ReleaseChannelName Channel { get; init; }

    public required IReadOnlyList<MachineArch> Archs { get; init; }

    public string? Kernel { get; init; }

    public string? Initramfs { get; init; }

    public string? Rootfs { get; init; }
}

/// <summary>The <c>[provider.advertisement]</c> table.</summary>
public sealed class AdvertisementOptions
{
    public bool Dht { get; init; } = true;

    public bool Mdns { get; init; } = true;
}
