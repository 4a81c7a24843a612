using System.Net;
using System.Net.Sockets;
using System.Text.Json.Serialization;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Services;

namespace PhaseMesh.Silo.Commands.Neighbours;

/// <summary>One object of <c>plasmd mdns browse --json</c> (docs/cli.md): a release as one neighbour announces it on one link.</summary>
/// <param name="Urls">Where the manifest can be had, IPv4 first. Never empty.</param>
internal sealed record Neighbour(
    string Instance, string Host, string Link, string Channel, string Arch, long? Release, IReadOnlyList<string> Urls, string? Digest, string? Peer)
{
    public static Neighbour Of(ServiceInstance instance, PhaseImageService service) => new(
        instance.InstanceName, instance.HostName.ToString(), instance.LinkName, service.Channel, service.Arch, service.Release,
        [.. instance.Addresses.Select(address => UrlOf(address, instance.Port, service.ManifestPath))], service.ManifestDigest, service.PeerId);

    /// <summary>Written out, since <see cref="Uri"/> drops the scope without which a link-local address leads nowhere.</summary>
    private static string UrlOf(IPAddress address, int port, string path) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"http://[{address}]:{port}{path}" : $"http://{address}:{port}{path}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<Neighbour>))]
internal sealed partial class NeighbourJson : JsonSerializerContext;
