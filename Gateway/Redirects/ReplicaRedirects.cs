using System.Net;
using Microsoft.Extensions.Primitives;
using PhaseMesh.Gateway.Configuration;
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

    private long _answered;

    /// <summary>Requests since the start that were sent to a replica.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    public Uri? Find(HttpContext context, Sha256Digest artifact, string? clientSite)
    {
        Uri? found = Choose(context, artifact, clientSite);
        if (found is not null)
        {
            Interlocked.Increment(ref _answered);
        }

        return found;
    }

    private Uri? Choose(HttpContext context, Sha256Digest artifact, string? clientSite)
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
        List<(Uri Url, double Share)> reachable = [];
        foreach (RankedReplica replica in ranking.Rank(artifact, clientSite))
        {
            Uri? url = replica.Endpoint.Urls.FirstOrDefault(
                url => (url.Scheme == Uri.UriSchemeHttps || !context.Request.IsHttps) && reach.Reaches(client, url));
            if (url is not null)
            {
                reachable.Add((url, 1 / Math.Max(replica.Cost, 1e-9)));
            }
        }

        double at = random() * reachable.Sum(each => each.Share);
        foreach ((Uri url, double share) in reachable)
        {
            at -= share;
            if (at < 0)
            {
                return new Uri(url, $"/blobs/{artifact}");
            }
        }

        return reachable is [.., var last] ? new Uri(last.Url, $"/blobs/{artifact}") : null;
    }
}
