using System.Text.Json.Serialization;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Commands.Dht;

/// <summary>One object of <c>plasmd dht find --json</c> (docs/cli.md).</summary>
/// <param name="Node">The same key as it signs; null when the peer's key is of another kind.</param>
/// <param name="Addresses">Of libp2p.</param>
/// <param name="Urls">Of the manifest; for a key that is no manifest's, the server's.</param>
internal sealed record FoundProvider(string PeerId, string? Node, IReadOnlyList<string> Addresses, IReadOnlyList<string> Urls)
{
    public static FoundProvider Of(KadPeer provider, string? slot)
    {
        List<string> addresses = [];
        List<string> urls = [];
        foreach (Multiaddr address in provider.Addresses)
        {
            if (HttpMultiaddr.TryGetUrl(address, out Uri? server))
            {
                urls.Add(slot is null ? server.AbsoluteUri : new Uri(server, $"/{slot}/manifest.json").AbsoluteUri);
            }
            else
            {
                addresses.Add(address.ToString());
            }
        }

        return new FoundProvider(provider.Id.ToString(), NodePeer.KeyOf(provider.Id)?.KeyId, addresses, urls);
    }
}

/// <summary>What <c>plasmd dht get --json</c> prints.</summary>
internal sealed record FoundPointer(
    string Key, string Channel, string Arch, long? Release, string Manifest, IReadOnlyList<string> Urls, string Node, string PeerId,
    string Expires)
{
    public static FoundPointer Of(ManifestPointer pointer) => new(
        pointer.Key, pointer.Channel.ToString(), pointer.Arch.ToString(), pointer.Release, pointer.ManifestDigest.ToString(),
        [.. pointer.Urls.Select(url => url.AbsoluteUri)], pointer.Node.KeyId, NodePeer.Of(pointer.Node).ToString(),
        pointer.Expires.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>One object of <c>plasmd dht peers --json</c>.</summary>
internal sealed record KnownPeer(string PeerId, IReadOnlyList<string> Addresses);

/// <summary>What <c>plasmd dht bench --json</c> prints.</summary>
/// <param name="Failed">Look-ups to which nobody answered.</param>
internal sealed record LookupFigures(
    int Lookups, int Failed, double P50Milliseconds, double P95Milliseconds, double MaxMilliseconds, double MeanHops, double MeanRequests,
    int PeersKnown);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<FoundProvider>))]
[JsonSerializable(typeof(FoundPointer))]
[JsonSerializable(typeof(IReadOnlyList<KnownPeer>))]
[JsonSerializable(typeof(LookupFigures))]
internal sealed partial class DhtJson : JsonSerializerContext;
