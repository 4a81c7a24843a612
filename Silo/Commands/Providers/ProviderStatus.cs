using System.Text.Json.Serialization;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary>
/// What <c>GET /</c> of a provider says, as this client reads it and <c>--json</c> prints it (docs/cli.md). Unknown fields are passed over.
/// </summary>
/// <remarks>Lists have setters because generated JSON code passes null to an absent list that is init-only, over its default.</remarks>
internal sealed record ProviderStatus
{
    public required string Name { get; init; }

    public required string Version { get; init; }

    public string? Node { get; init; }

    public string? PeerId { get; init; }

    /// <summary><c>starting</c>, <c>serving</c> or <c>draining</c>.</summary>
    public required string State { get; init; }

    public DateTimeOffset? Started { get; init; }

    public double UptimeSeconds { get; init; }

    public IReadOnlyList<ReleaseStatus> Releases { get; set; } = [];

    public LoadStatus? Load { get; init; }

    /// <summary>Null for a provider without libp2p.</summary>
    public Libp2pStatus? Libp2p { get; init; }

    /// <summary>Whether a machine could boot from it now.</summary>
    [JsonIgnore]
    public bool IsServing => State == "serving" && Releases.Any(release => release.State == "serving");
}

internal sealed record ReleaseStatus
{
    public required string Channel { get; init; }

    public required string Arch { get; init; }

    public string? Version { get; init; }

    public long? Release { get; init; }

    public string? Manifest { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public IReadOnlyList<string> Signers { get; set; } = [];

    /// <summary><c>serving</c>, <c>waiting</c> or <c>refused</c>; the last two come with a <see cref="Problem"/>.</summary>
    public required string State { get; init; }

    public string? Problem { get; init; }

    public IReadOnlyList<ArtifactStatus> Artifacts { get; set; } = [];
}

internal sealed record ArtifactStatus
{
    public required string Kind { get; init; }

    public required string Digest { get; init; }

    public long Size { get; init; }

    public string? Path { get; init; }

    public int? Chunks { get; init; }
}

internal sealed record LoadStatus
{
    public long Connections { get; init; }

    public long RequestsInFlight { get; init; }

    public long BytesSent { get; init; }
}

internal sealed record Libp2pStatus
{
    public IReadOnlyList<string> Addresses { get; set; } = [];

    public int Peers { get; init; }

    public DhtStatus? Dht { get; init; }
}

internal sealed record DhtStatus
{
    public int RoutingTable { get; init; }

    public int Records { get; init; }

    public int Providers { get; init; }
}

/// <summary>One line of <c>plasmd provider artifacts --json</c>: an artifact and the release it belongs to.</summary>
internal sealed record ListedArtifact(
    string Channel, string Arch, string? Version, long? Release, string State,
    string Kind, string Digest, long Size, string? Path, int? Chunks);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ProviderStatus))]
[JsonSerializable(typeof(IReadOnlyList<ListedArtifact>))]
internal sealed partial class ProviderStatusJson : JsonSerializerContext;
