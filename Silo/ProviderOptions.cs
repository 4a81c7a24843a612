using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Serving;

namespace PhaseMesh.Silo;

/// <summary>What a provider serves and how. Filled from flags, then environment, then <c>provider.toml</c>, then these defaults.</summary>
public sealed class ProviderOptions
{
    public bool Enabled { get; init; } = true;

    public ProviderMode Mode { get; init; }

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

    public DhtOptions Dht { get; init; } = new();

    /// <summary>How long downloads in flight may go on after SIGTERM.</summary>
    public TimeSpan DrainGracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    public CatalogOptions Catalog { get; init; } = new();

    /// <summary>Null: this is no silo.</summary>
    public ClusterOptions? Cluster { get; init; }

    public FleetMembershipOptions Fleet { get; init; } = new();

    public ServingLimits Limits { get; init; } = new();
}

/// <summary>How far a provider reaches out.</summary>
public enum ProviderMode
{
    /// <summary>Announces by mDNS and in the DHT, and keeps records of the DHT for others.</summary>
    Internet,

    /// <summary>mDNS only: nothing is dialled or listened for beyond the LAN's multicast and HTTP.</summary>
    Local,

    /// <summary>Announces nothing; asks the DHT under an identity that ends with the process, and keeps nothing for others.</summary>
    Private,
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
    /// <summary>False: no part in the DHT at all, so no libp2p port either.</summary>
    public bool Dht { get; init; } = true;

    public bool Mdns { get; init; } = true;
}

/// <summary>The <c>[provider.dht]</c> table.</summary>
public sealed class DhtOptions
{
    /// <summary>TCP port of libp2p; 0 lets the system choose one.</summary>
    public int Port { get; init; } = 4001;

    /// <summary>Peers to join the DHT by; none for a node that others join by.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap { get; init; } = [];

    /// <summary>libp2p addresses to tell others; empty for those of the interfaces.</summary>
    public IReadOnlyList<Multiaddr> AnnouncedPeerAddresses { get; init; } = [];

    /// <summary>Root URLs of this provider to tell others; empty for those of the interfaces.</summary>
    public IReadOnlyList<Uri> AnnouncedServers { get; init; } = [];

    /// <summary>
    /// How long an announcement is good, ours in others' hands and theirs in ours; ours are renewed every third of it. 30 minutes: a node
    /// that dies is found no longer than that, two renewals in a row may fail, and a node costs the network some forty messages in ten minutes.
    /// At most 48 h.
    /// </summary>
    public TimeSpan RecordLife { get; init; } = TimeSpan.FromMinutes(30);
}

/// <summary>The <c>[cluster]</c> table: this node is a silo.</summary>
public sealed class ClusterOptions
{
    /// <summary>A PostgreSQL URL or connection string, or <c>sqlite:PATH</c>.</summary>
    public required string Database { get; init; }

    /// <summary>Unique in the cluster.</summary>
    public string SiloName { get; init; } = Environment.MachineName;

    /// <summary>Operators by configuration, besides those the fleet remembers.</summary>
    public IReadOnlyList<Ed25519PublicKey> OperatorKeys { get; init; } = [];

    /// <summary>False: reading takes the signature of an operator or of an admitted provider.</summary>
    public bool OpenReads { get; init; } = true;

    /// <summary>Enrolments and new boots of one source address, an IPv6 /64 counting as one, in a minute; more are refused.</summary>
    public int FloodLimit { get; init; } = 600;

    /// <summary>A call of a grain ends within this time, whatever happens; 100 ms to 5 min.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>The <c>[fleet]</c> table and what a boot hands over: which fleet a provider that is no silo belongs to.</summary>
public sealed class FleetMembershipOptions
{
    /// <summary>Its silos, any of which will do; empty: it belongs to none.</summary>
    public IReadOnlyList<Uri> Urls { get; init; } = [];

    /// <summary>Lets it in, where it came by no boot.</summary>
    public string? JoinToken { get; init; }

    /// <summary>Where it stands, for those who choose a provider by distance.</summary>
    public string? Site { get; init; }

    public string? Rack { get; init; }

    /// <summary>Words by which it can be found.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>The boot by which this node came to be, 32 lower-case hex digits; null for none.</summary>
    public string? BootId { get; init; }

    /// <summary>Lets in who came by that boot, once. Never logged.</summary>
    public string? BootTicket { get; init; }

    /// <summary>The file with what that boot's agent left of its trace; null for none.</summary>
    public string? BootTrace { get; init; }

    /// <summary>When this machine's user space began, since its kernel's start; null when nobody says.</summary>
    public TimeSpan? UserSpaceAt { get; init; }
}
