using System.Net;
using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>A provider that is asked itself what it serves.</summary>
internal sealed record ConfiguredProvider(Uri Url)
{
    public ReplicaSite Site { get; init; } = ReplicaSite.Unknown;

    /// <summary>0 to 100; 0 takes nothing.</summary>
    public double Weight { get; init; } = 1;
}

/// <summary>Where clients of a network stand.</summary>
internal sealed record ClientNetwork(IPNetwork Network, string Site, string? Rack);
