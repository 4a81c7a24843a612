using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// Addresses of HTTP servers, as provider records carry them, and the URLs they stand for.
/// <code>
/// /ip4/192.0.2.1/tcp/8080/http             http://192.0.2.1:8080/
/// /ip6/2001:db8::1/tcp/8080/http           http://[2001:db8::1]:8080/
/// /dns/boot.example.org/tcp/443/tls/http   https://boot.example.org/      also /dns4, /dns6 when read
/// </code>
/// </summary>
public static class HttpMultiaddr
{
    /// <param name="server">An absolute http or https URL of a server's root.</param>
    /// <exception cref="ArgumentException">
    /// The URL has a path, user, query or fragment, which an address cannot carry, or another scheme.
    /// </exception>
    public static Multiaddr From(Uri server)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (!server.IsAbsoluteUri || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps)
            || server is not { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" })
        {
            throw new ArgumentException($"'{server}' is not the http or https URL of a server without a path.", nameof(server));
        }
        string host = IPAddress.TryParse(server.DnsSafeHost, out IPAddress? ip)
            ? $"/{(ip.AddressFamily == AddressFamily.InterNetwork ? "ip4" : "ip6")}/{ip}"
            : $"/dns/{server.IdnHost}";
        string scheme = server.Scheme == Uri.UriSchemeHttps ? "/tls/http" : "/http";
        return Multiaddr.TryParse($"{host}/tcp/{server.Port}{scheme}", out Multiaddr? address)
            ? address
            : throw new ArgumentException($"The host of '{server}' has no place in an address.", nameof(server));
    }

    /// <summary>Whether a server's URL has an address that leads back to it; a host that is neither name nor address has none.</summary>
    public static bool HasAddress(Uri server)
    {
        try
        {
            return TryGetUrl(From(server), out _);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The server's root URL; false for an address that is no HTTP server's.</summary>
    public static bool TryGetUrl(Multiaddr address, [NotNullWhen(true)] out Uri? server)
    {
        ArgumentNullException.ThrowIfNull(address);
        server = null;
        IReadOnlyList<MultiaddrComponent> parts = address.WithoutPeer().Components;
        bool isTls = parts.Count == 4 && parts[2].Protocol == MultiaddrProtocol.Tls;
        if (parts.Count != (isTls ? 4 : 3) || parts[1].Protocol != MultiaddrProtocol.Tcp || parts[^1].Protocol != MultiaddrProtocol.Http)
        {
            return false;
        }
        string? host = parts[0].Protocol.Code switch
        {
            4 => parts[0].ValueText,
            41 => $"[{parts[0].ValueText}]",
            53 or 54 or 55 => Encoding.ASCII.GetString(parts[0].Value.Span),
            _ => null,
        };
        // A name comes from strangers: it must be nothing but a host, lest it smuggle a user, port or path into the URL.
        int port = BinaryPrimitives.ReadUInt16BigEndian(parts[1].Value.Span);
        return host is not null && port > 0 && Uri.CheckHostName(host) is not UriHostNameType.Unknown
            && Uri.TryCreate($"{(isTls ? "https" : "http")}://{host}:{port}/", UriKind.Absolute, out server);
    }
}
