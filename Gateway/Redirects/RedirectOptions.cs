using System.Net;

namespace PhaseMesh.Gateway.Redirects;

/// <summary>Whose requests for artifacts are redirected without asking for it.</summary>
internal sealed record RedirectOptions
{
    public static RedirectOptions None { get; } = new();

    public bool Everyone { get; init; }

    /// <summary>Clients at these sites.</summary>
    public IReadOnlyList<string> Sites { get; init; } = [];

    /// <summary>Clients in these networks.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <param name="clientSite"><c>site</c> or <c>site/rack</c>.</param>
    public bool Includes(IPAddress client, string? clientSite)
    {
        if (Everyone || Networks.Any(network => network.Contains(client)))
        {
            return true;
        }

        string? site = clientSite?.Split('/')[0];
        return site is not null && Sites.Contains(site);
    }
}
