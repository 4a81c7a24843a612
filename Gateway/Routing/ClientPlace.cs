using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Routing;

/// <summary>Where a client stands, out of <see cref="RouteRequest.ClientSite"/>: <c>site</c> or <c>site/rack</c>.</summary>
internal readonly ref struct ClientPlace
{
    private readonly ReadOnlySpan<char> _site;
    private readonly ReadOnlySpan<char> _rack;

    public ClientPlace(string? clientSite)
    {
        int slash = clientSite?.IndexOf('/') ?? -1;
        _site = slash < 0 ? clientSite : clientSite.AsSpan(0, slash);
        _rack = slash < 0 ? default : clientSite.AsSpan(slash + 1);
    }

    public ReplicaDistance To(ReplicaSite replica) =>
        _site.IsEmpty || !_site.SequenceEqual(replica.Site) ? ReplicaDistance.Elsewhere
        : _rack.IsEmpty || !_rack.SequenceEqual(replica.Rack) ? ReplicaDistance.SameSite
        : ReplicaDistance.SameRack;
}
