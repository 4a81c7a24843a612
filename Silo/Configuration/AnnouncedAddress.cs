using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Silo.Configuration;

/// <summary>One address that others are told: of this node's libp2p, or of its HTTP server. One of both is null.</summary>
internal sealed record AnnouncedAddress(Multiaddr? Peer, Uri? Server)
{
    public const string Rule =
        "a URL such as https://boot.example.org without a path, or a multiaddr such as /ip4/192.0.2.1/tcp/4001 without /p2p";

    public static AnnouncedAddress Parse(string text) => TryParse(text, out AnnouncedAddress? announced)
        ? announced
        : throw new FormatException($"'{text}' cannot be announced: expected {Rule}.");

    public static bool TryParse(string text, [NotNullWhen(true)] out AnnouncedAddress? announced)
    {
        announced = null;
        if (text.StartsWith('/'))
        {
            if (Multiaddr.TryParse(text, out Multiaddr? address) && address.Peer is null)
            {
                announced = HttpMultiaddr.TryGetUrl(address, out Uri? server) ? new(null, server)
                    : PeerAddress.TryParse(text, out Multiaddr? peer) ? new(peer, null)
                    : null;
            }
        }
        else if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
            && url is { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "", Port: > 0 } && HttpMultiaddr.HasAddress(url))
        {
            announced = new(null, url);
        }

        return announced is not null;
    }
}
