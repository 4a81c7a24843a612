using System.Net;
using System.Net.Sockets;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Silo.Advertising;

/// <summary>Who can reach the provider, by the address it listens on.</summary>
/// <param name="Address">Null for every address.</param>
internal readonly record struct ListeningScope(IPAddress? Address)
{
    /// <summary>Nobody but this machine.</summary>
    public bool IsLoopbackOnly => Address is not null && IPAddress.IsLoopback(Address);

    /// <param name="bind">As <see cref="ProviderOptions.Bind"/>, which must have been bound already: it is not checked again.</param>
    public static ListeningScope Of(string? bind) => bind switch
    {
        null => new(null),
        "localhost" => new(IPAddress.Loopback),
        _ => IPAddress.Parse(bind) is var address && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) ? new(null) : new(address),
    };

    /// <summary>What to listen on, one per family: for every address the wildcards, without IPv6 where the system has none.</summary>
    public IEnumerable<IPEndPoint> EndPoints(int port) =>
        Address is not null ? [new IPEndPoint(Address, port)]
        : Socket.OSSupportsIPv6 ? [new IPEndPoint(IPAddress.Any, port), new IPEndPoint(IPAddress.IPv6Any, port)]
        : [new IPEndPoint(IPAddress.Any, port)];

    /// <summary>Neighbours on this link can reach it.</summary>
    public bool Includes(NetworkLink link) => Address is null || link.IsOwn(Address);
}
