using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Responding;

/// <summary>All names of a node on all its links. Used with the node's lock held.</summary>
internal sealed class Responder
{
    private readonly NodeContext _context;
    private readonly List<Claim> _claims = [];
    private readonly List<LinkResponder> _links = [];

    public Responder(NodeContext context)
    {
        _context = context;
        Host = new HostClaim(context.Options.HostName);
    }

    public HostClaim Host { get; }

    public LinkResponder AddLink(NetworkLink link, UnicastWindow unicastWindow)
    {
        var responder = new LinkResponder(_context, this, link, unicastWindow);
        _links.Add(responder);
        foreach (Claim claim in _claims)
        {
            responder.Add(claim);
        }

        return responder;
    }

    public void RemoveLink(LinkResponder link)
    {
        link.Stop();
        _links.Remove(link);
    }

    /// <exception cref="InvalidOperationException">The node already advertises as many services as its options allow.</exception>
    public void Add(ServiceClaim service)
    {
        if (_claims.Count == 0)
        {
            // The host name is claimed with the first service: a node that only browses announces nothing.
            _claims.Add(Host);
            _links.ForEach(link => link.Add(Host));
        }

        if (_claims.Count > _context.Options.MaxServices)
        {
            throw new InvalidOperationException(
                $"This node advertises {_claims.Count - 1} services, the most its options allow; '{service.Label}' is not advertised.");
        }

        while (_claims.Exists(other => other.Name.Equals(service.Name)))
        {
            service.Rename();
        }

        _claims.Add(service);
        _links.ForEach(link => link.Add(service));
    }

    /// <summary>Goodbye to one service; with the last one the host's addresses go too.</summary>
    public void Withdraw(ServiceClaim service)
    {
        if (!_claims.Remove(service))
        {
            return;
        }

        bool isLast = _claims is [HostClaim];
        foreach (LinkResponder link in _links)
        {
            link.Withdraw(isLast ? [service, Host] : [service]);
        }

        if (isLast)
        {
            _claims.Clear();
        }
    }

    public void WithdrawAll()
    {
        _links.ForEach(link => link.Withdraw(_claims));
        _claims.Clear();
    }

    public void OnContentChanged(Claim claim) => _links.ForEach(link => link.Refresh(claim));

    /// <summary>Somebody answered while we probed: the name is theirs (RFC 6762 section 9).</summary>
    public void OnNameTaken(Claim claim)
    {
        foreach (LinkResponder link in _links)
        {
            link.SayGoodbyeBeforeRename(claim);
        }

        string taken = claim.Name.ToString();
        do
        {
            claim.Rename();
        }
        while (_claims.Exists(other => other != claim && other.Name.Equals(claim.Name)));

        _context.Notice(MdnsNoticeKind.Renamed, $"'{taken}' belongs to another machine; this node is now '{claim.Name}'.");
        TimeSpan delay = claim.NextAttemptDelay(_context.Now);
        _links.ForEach(link => link.Restart(claim, delay));
        if (claim == Host)
        {
            // Every SRV record names the host.
            foreach (Claim service in _claims.Where(other => other != claim))
            {
                OnContentChanged(service);
            }
        }
    }
}
