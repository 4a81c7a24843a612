namespace PhaseMesh.Gateway.Directory;

/// <summary>Where a replica stands; null is not known. Racks are told apart within a site only.</summary>
internal sealed record ReplicaSite(string? Site, string? Rack)
{
    public static ReplicaSite Unknown { get; } = new(null, null);
}

/// <summary>One provider's copy, as last heard.</summary>
/// <param name="ProviderId">The provider's key id, <c>ed25519:&lt;64 hex&gt;</c>; its URL while the key is unknown.</param>
/// <param name="BaseUrl"><c>http://host:port</c></param>
/// <param name="Weight">0 to 100, set by the operator; 1 is the default, 2 takes twice the load, 0 takes none.</param>
/// <param name="IsHealthy">False while it drains, is suspected or quarantined, or fails its health checks.</param>
/// <param name="IsWarm">False while it says that it is still starting or still receives what it serves.</param>
internal sealed record ReplicaEndpoint(string ProviderId, Uri BaseUrl, ReplicaSite Site, double Weight, bool IsHealthy, bool IsWarm)
{
    /// <summary>All that it says it can be reached by, <see cref="BaseUrl"/> among them.</summary>
    public UrlList Urls { get => field ?? new UrlList([BaseUrl]); init; }
}
