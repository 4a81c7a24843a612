using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Primitives;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Redirects;

/// <summary>
/// 1. Who is redirected: whom the configuration names, or who asks by <c>?redirect=1</c>; never who says <c>?redirect=0</c>. 2. Where to:
/// replicas that may be asked now and that the client can reach; of those one at random, the likelier the sooner it delivers, since what
/// clients fetch there is not seen here. A client that came by HTTPS is not sent to HTTP.
/// </summary>
internal sealed class ReplicaRedirects(LiveOptions options, IReplicaRanking ranking, ClientReach reach, Func<double> random) : IRedirects
{
    public const string Parameter = "redirect";

    private readonly ConditionalWeakTable<ReplicaEndpoint, ReplicaUrl[]> _read = [];
    private long _answered;

    /// <summary>Requests since the start that were sent to a replica.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    public string? Find(HttpContext context, Sha256Digest artifact, string? clientSite)
    {
        string? found = Choose(context, artifact, clientSite);
        if (found is not null)
        {
            Interlocked.Increment(ref _answered);
        }

        return found;
    }

    private string? Choose(HttpContext context, Sha256Digest artifact, string? clientSite)
    {
        // 1.
        RedirectOptions wanted = options.Current.Redirect;
        if (context.Connection.RemoteIpAddress is not { } address)
        {
            return null;
        }

        IPAddress client = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        StringValues asked = context.Request.QueryString.HasValue ? context.Request.Query[Parameter] : default;
        if (asked == "0" || (asked != "1" && !wanted.Includes(client, clientSite)))
        {
            return null;
        }

        // 2.
        IReadOnlyList<RankedReplica> ranked = ranking.Rank(artifact, clientSite);
        List<(ReplicaUrl Url, double Share)> reachable = new(ranked.Count);
        double shares = 0;
        foreach (RankedReplica replica in ranked)
        {
            if (UrlFor(client, context.Request.IsHttps, replica.Endpoint) is { } url)
            {
                double share = 1 / Math.Max(replica.Cost, 1e-9);
                reachable.Add((url, share));
                shares += share;
            }
        }

        double at = random() * shares;
        foreach ((ReplicaUrl url, double share) in reachable)
        {
            at -= share;
            if (at < 0)
            {
                return url.Blobs + artifact;
            }
        }

        return reachable is [.., var last] ? last.Url.Blobs + artifact : null;
    }

    private ReplicaUrl? UrlFor(IPAddress client, bool isHttps, ReplicaEndpoint replica)
    {
        foreach (ReplicaUrl url in _read.GetValue(replica, static replica => [.. replica.Urls.Select(url => new ReplicaUrl(url))]))
        {
            if ((url.IsHttps || !isHttps) && reach.Reaches(client, url))
            {
                return url;
            }
        }

        return null;
    }
}
