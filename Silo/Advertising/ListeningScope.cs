using System.Net;
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

    /// <summary>Neighbours on this link can reach it.</summary>
    public bool Includes(NetworkLink link) => Address is null || link.IsOwn(Address);
}
