using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport.Tcp;

namespace PhaseMesh.Silo.Configuration;

/// <summary>The address of a libp2p peer that this program can dial.</summary>
internal static class PeerAddress
{
    public const string Rule =
        "a multiaddr such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW..., with ip4, ip6, dns, dns4 or dns6 and a port (/p2p/... may be left out)";

    private static readonly TcpTransport Tcp = new();

    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? address) =>
        Multiaddr.TryParse(text, out address) && Tcp.Supports(address) && address.Components[1].ValueText != "0";
}
