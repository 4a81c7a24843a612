using System.Net;
using System.Net.Sockets;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Manifests.Pointers;

namespace PhaseMesh.BootAgent.Discover;

/// <summary>
/// Makes candidates of what strangers say in the DHT (docs/wire/dht-records.md). Nothing of it is proven but who signed a pointer, so the
/// number of addresses that one of them has us ask is small, and addresses that mean something else here than there are left out.
/// </summary>
/// <param name="transport">What the host dials with.</param>
/// <param name="allowsLoopback">This machine's own DHT was asked, so that its loopback addresses are meant.</param>
internal sealed class DhtHints(AgentOptions options, ITransport transport, bool allowsLoopback)
{
    /// <summary>HTTP addresses taken of one pointer or provider record.</summary>
    public const int MaxUrls = 4;

    /// <summary>Provider records asked for.</summary>
    public const int MaxProviders = 64;

    public IEnumerable<ProviderCandidate> Of(ManifestPointer pointer) => pointer.Urls
        .Where(url => url.Scheme == Uri.UriSchemeHttp && (!IPAddress.TryParse(url.Host, out IPAddress? address) || IsUsable(address)))
        .Where(url => allowsLoopback || !url.IsLoopback)
        .Select(url => ManifestPlaces.BaseOf(url.AbsolutePath, options) is { } path ? $"http://{url.Authority}{path}" : null)
        .Select(text => Candidate(text, "DHT: signed pointer", pointer.Node.KeyId))
        .OfType<ProviderCandidate>()
        .Take(MaxUrls);

    /// <summary>Its HTTP addresses, and behind them the node itself, to be asked over libp2p where HTTP does not get through.</summary>
    public IEnumerable<ProviderCandidate> Of(KadPeer provider)
    {
        const string FoundBy = "DHT: provider record";
        if (NodeName.Of(provider.Id) is not { } node)
        {
            yield break;
        }

        IEnumerable<ProviderCandidate> overHttp = provider.Addresses.Where(MayDial)
            .Select(address => HttpMultiaddr.TryGetUrl(address, out Uri? url) ? url.GetLeftPart(UriPartial.Authority) : null)
            .Select(text => Candidate(text, FoundBy, node)).OfType<ProviderCandidate>().Take(MaxUrls);
        foreach (ProviderCandidate candidate in overHttp)
        {
            yield return candidate;
        }

        if (provider.Addresses.Any(address => transport.Supports(address) && MayDial(address)))
        {
            yield return new ProviderCandidate(ProviderUrl.Of(provider.Id), FoundBy, node, ProviderTier.Dht);
        }
    }

    /// <summary>
    /// Whether a stranger's address can be meant for us. Loopback is this machine itself, link-local means another link than ours as often
    /// as not, and nobody listens on the others. Private ones may be: a site has its own DHT.
    /// </summary>
    public bool MayDial(Multiaddr address)
    {
        MultiaddrComponent first = address.Components[0];
        return address.IpAddress is { } ip
            ? IsUsable(ip)
            : first.Protocol.Name is not ("dns" or "dns4" or "dns6") || allowsLoopback || !IsLocalName(first.ValueText);
    }

    /// <summary>Whether the address is this machine's own.</summary>
    public static bool IsLoopback(Multiaddr address) => address.IpAddress is { } ip
        ? IPAddress.IsLoopback(ip)
        : address.Components[0].Protocol.Name is "dns" or "dns4" or "dns6" && IsLocalName(address.Components[0].ValueText);

    private static bool IsLocalName(string name) =>
        name.TrimEnd('.').Split('.')[^1].Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(name, out _);

    private static ProviderCandidate? Candidate(string? text, string foundBy, string node) =>
        ProviderUrl.TryParse(text, out ProviderUrl? url) ? new ProviderCandidate(url, foundBy, node, ProviderTier.Dht) : null;

    private bool IsUsable(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(plain))
        {
            return allowsLoopback;
        }

        Span<byte> bytes = stackalloc byte[16];
        plain.TryWriteBytes(bytes, out _);
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] is not 0 and < 224 && !(bytes[0] == 169 && bytes[1] == 254)
            : !plain.Equals(IPAddress.IPv6Any) && !plain.IsIPv6Multicast && !plain.IsIPv6LinkLocal;
    }
}
