using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>Serves <see cref="FetchProtocol.Id"/> on a host until it is disposed.</summary>
public sealed class FetchServer : IAsyncDisposable
{
    private readonly Libp2pHost _host;
    private readonly IFetchContent _content;
    private readonly FetchServerOptions _options;
    private readonly FetchPlaces _places;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running = 1; // One for the server itself, until it is disposed.

    private FetchServer(Libp2pHost host, IFetchContent content, FetchServerOptions options)
    {
        _host = host;
        _content = content;
        _options = options;
        _places = new FetchPlaces(options.MaxStreams, options.MaxStreamsPerPeer);
        _logger = options.LoggerFactory.CreateLogger("PhaseMesh.Libp2p.Fetch");
    }

    /// <summary>Streams that have a place now.</summary>
    public int ActiveStreams => _places.Taken;

    /// <exception cref="InvalidOperationException">The host serves the protocol already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1.</exception>
    public static FetchServer Start(Libp2pHost host, IFetchContent content, FetchServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(content);
        options ??= new FetchServerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxStreams, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxStreamsPerPeer, 1, nameof(options));
        FetchServer server = new(host, content, options);
        // Streams beyond the places are told so; how many may ask at all is the muxer's limit.
        host.Handle(FetchProtocol.Id, server.HandleAsync, maxStreamsPerConnection: int.MaxValue);
        return server;
    }

    /// <summary>Takes no more requests, resets the streams being served, and waits for their end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            await _drained.Task;
            return;
        }
        _host.StopHandling(FetchProtocol.Id);
        await _stopping.CancelAsync();
        Leave();
        await _drained.Task;
        _stopping.Dispose();
    }

    private async Task HandleAsync(ProtocolStream stream, CancellationToken cancellationToken)
    {
        if (!TryEnter())
        {
            stream.Stream.Reset(DropReason.LocalClose);
            return;
        }
        PeerId peer = stream.Connection.RemotePeer;
        bool hasPlace = _places.TryTake(peer);
        try
        {
            using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            using FetchExchange exchange = new(stream, _content, _options, _logger);
            await (hasPlace ? exchange.ServeAsync(both.Token) : exchange.TurnAwayAsync(both.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            stream.Stream.Reset(DropReason.LocalClose);
        }
        finally
        {
            if (hasPlace)
            {
                _places.Return(peer);
            }
            Leave();
        }
    }

    private bool TryEnter()
    {
        lock (_gate)
        {
            if (_running == 0 || _stopping.IsCancellationRequested)
            {
                return false;
            }
            _running++;
            return true;
        }
    }

    private void Leave()
    {
        bool isLast;
        lock (_gate)
        {
            isLast = --_running == 0;
        }
        if (isLast)
        {
            _drained.SetResult();
        }
    }
}
