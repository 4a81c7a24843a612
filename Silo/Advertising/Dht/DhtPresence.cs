using PhaseMesh.Libp2p.Fetch;

namespace PhaseMesh.Silo.Advertising.Dht;

/// <summary>All that a provider does by libp2p, from after its start until its end: it needs the port that HTTP was given.</summary>
internal sealed class DhtPresence : IAsyncDisposable
{
    private volatile DhtNode? _node;
    private DhtAdvertiser? _advertiser;
    private FetchServer? _fetch;

    /// <summary>Null when there is no libp2p.</summary>
    public DhtNode? Node => _node;

    /// <param name="node">Null for none.</param>
    /// <param name="advertiser">Null for a node that announces nothing.</param>
    /// <param name="fetch">Null for a node that serves nothing.</param>
    public void Begin(DhtNode? node, DhtAdvertiser? advertiser, FetchServer? fetch) => (_node, _advertiser, _fetch) = (node, advertiser, fetch);

    /// <summary>No longer announces; what others ask of the DHT or fetch goes on.</summary>
    public ValueTask WithdrawAsync() => _advertiser?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Call after <see cref="WithdrawAsync"/>. Fetches under way are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_fetch is not null)
        {
            await _fetch.DisposeAsync();
        }

        if (_node is not null)
        {
            await _node.DisposeAsync();
            _node = null;
        }
    }
}
