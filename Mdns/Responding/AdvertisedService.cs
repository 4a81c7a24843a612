using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>A service this node advertises until it is disposed, which sends the goodbye.</summary>
public sealed class AdvertisedService : IAsyncDisposable
{
    private readonly NodeContext _context;
    private readonly Responder _responder;
    private readonly ServiceClaim _claim;

    internal AdvertisedService(NodeContext context, Responder responder, ServiceClaim claim)
    {
        _context = context;
        _responder = responder;
        _claim = claim;
    }

    /// <summary>The name now in use: the one asked for, or with a number when that was taken.</summary>
    public string InstanceName
    {
        get
        {
            lock (_context.Gate)
            {
                return _claim.Label;
            }
        }
    }

    public DnsName FullName
    {
        get
        {
            lock (_context.Gate)
            {
                return _claim.Name;
            }
        }
    }

    /// <summary>Ends when the name has been won and announced on a first link, at best a second after start. Never fails.</summary>
    public Task Announced => _claim.Announced.Task;

    /// <summary>Replaces the TXT record and announces it; several changes within a second go out as one.</summary>
    public void UpdateText(ServiceText text)
    {
        lock (_context.Gate)
        {
            if (!_claim.Text.Equals(text))
            {
                _claim.Text = text;
                _responder.OnContentChanged(_claim);
            }
        }
    }

    /// <summary>Says goodbye on every link. Disposing twice, or after the node, does nothing.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_context.Gate)
        {
            _responder.Withdraw(_claim);
        }

        return ValueTask.CompletedTask;
    }
}
