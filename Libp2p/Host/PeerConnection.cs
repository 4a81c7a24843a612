using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Multistream;
using PhaseMesh.Libp2p.Transport;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Host;

/// <summary>One live connection to a peer: opens streams to it and serves those it opens.</summary>
public sealed partial class PeerConnection : IAsyncDisposable
{
    private readonly ISecureMuxedConnection _connection;
    private readonly ProtocolRegistry _registry;
    private readonly HostOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly BackgroundTasks _tasks;
    private readonly ConcurrentDictionary<string, int> _inboundByProtocol = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<IdentifyInfo?> _identified = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _faults;

    internal PeerConnection(
        ISecureMuxedConnection connection, bool isInbound, ProtocolRegistry registry, HostOptions options, ILogger logger)
    {
        _connection = connection;
        _registry = registry;
        _options = options;
        _logger = logger;
        _tasks = new BackgroundTasks(logger, _closing.Token);
        IsInbound = isInbound;
        OpenedTimestamp = options.TimeProvider.GetTimestamp();
    }

    public PeerId RemotePeer => _connection.RemotePeer;

    public Multiaddr RemoteAddress => _connection.RemoteAddress;

    public Multiaddr LocalAddress => _connection.LocalAddress;

    public bool IsInbound { get; }

    /// <summary>Completes with the reason once the connection has ended.</summary>
    public Task<DropReason> Completion => _connection.Muxer.Completion;

    public TimeSpan? RoundTrip => _connection.Muxer.RoundTrip;

    public int OpenStreams => _connection.Muxer.OpenStreams;

    /// <summary>What the peer said about itself; null when it could not be asked. Completes soon after the connection was made.</summary>
    public Task<IdentifyInfo?> Identified => _identified.Task;

    /// <summary>Why the connection ended, in words; null while it lives.</summary>
    public string? EndMessage => _connection.Muxer.EndMessage;

    internal long OpenedTimestamp { get; }

    internal AddressRange? Range { get; init; }

    /// <summary>Opens a stream and agrees on the first of the protocols that the peer speaks.</summary>
    /// <exception cref="Libp2pException">The connection is gone, a limit is reached, or the peer speaks none of them.</exception>
    public async Task<ProtocolStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellationToken)
    {
        MuxedStream stream = await _connection.Muxer.OpenStreamAsync(cancellationToken);
        using Deadline deadline = new(_options.Limits.NegotiationTimeout, _options.TimeProvider, cancellationToken);
        try
        {
            string agreed = await MultistreamSelect.ProposeAsync(new MuxedStreamIo(stream), protocols, deadline.Token);
            return new ProtocolStream(this, agreed, stream);
        }
        catch (Exception exception)
        {
            stream.Reset(DropReason.NegotiationFailed);
            await stream.DisposeAsync();
            throw deadline.Translate(exception, DropReason.ReadTimeout, $"{RemotePeer} did not agree on a protocol");
        }
    }

    /// <summary>
    /// Opens a stream in one protocol and sends the first bytes in the same packet as the proposal: one round trip less. Close the
    /// writing side only after the answer: js-libp2p resets streams whose close overtakes its own set-up of the handler.
    /// </summary>
    public async Task<ProtocolStream> OpenStreamAsync(string protocol, ReadOnlyMemory<byte> firstBytes, CancellationToken cancellationToken)
    {
        MuxedStream stream = await _connection.Muxer.OpenStreamAsync(cancellationToken);
        using Deadline deadline = new(_options.Limits.NegotiationTimeout, _options.TimeProvider, cancellationToken);
        try
        {
            await MultistreamSelect.ProposeWithAsync(new MuxedStreamIo(stream), protocol, firstBytes, deadline.Token);
            return new ProtocolStream(this, protocol, stream);
        }
        catch (Exception exception)
        {
            stream.Reset(DropReason.NegotiationFailed);
            await stream.DisposeAsync();
            throw deadline.Translate(exception, DropReason.ReadTimeout, $"{RemotePeer} did not agree on {protocol}");
        }
    }

    /// <summary>Closes the connection in good order. Its handlers are told, and awaited by the host.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _connection.DisposeAsync();
    }

    /// <summary>Counts a fault of the peer; too many drop the connection.</summary>
    public void ReportFault(DropReason reason, string message)
    {
        Libp2pInstruments.StreamFault(reason);
        StreamFault(_logger, RemotePeer, reason, message);
        if (Interlocked.Increment(ref _faults) > _options.Limits.MaxFaultsPerConnection)
        {
            _connection.Muxer.Abort(
                reason, $"{RemotePeer} made more than {_options.Limits.MaxFaultsPerConnection} faults; the last: {message}");
        }
    }

    internal void SetIdentified(IdentifyInfo? info) => _identified.TrySetResult(info);

    /// <summary>Serves inbound streams until the connection ends; then releases everything and returns the reason.</summary>
    internal async Task<DropReason> RunAsync()
    {
        while (await _connection.Muxer.AcceptStreamAsync(CancellationToken.None) is { } stream)
        {
            _tasks.Run("inbound stream", () => ServeAsync(stream));
        }
        DropReason reason = await _connection.Muxer.Completion;
        _identified.TrySetResult(null);
        await _closing.CancelAsync();
        await _connection.DisposeAsync();
        await _tasks.DisposeAsync();
        return reason;
    }

    private async Task ServeAsync(MuxedStream stream)
    {
        await using MuxedStream owned = stream;
        string? protocol = null;
        bool isCounted = false;
        try
        {
            protocol = await NegotiateAsync(stream);
            if (_registry.Find(protocol) is not { } registration)
            {
                stream.Reset(DropReason.NegotiationFailed); // Withdrawn this very moment.
                return;
            }
            isCounted = true;
            if (_inboundByProtocol.AddOrUpdate(protocol, 1, static (_, count) => count + 1) > registration.MaxStreamsPerConnection)
            {
                throw new Libp2pException(
                    DropReason.LimitReached, $"More than {registration.MaxStreamsPerConnection} streams of {protocol} on one connection.");
            }
            await registration.Handler(new ProtocolStream(this, protocol, stream), _closing.Token);
        }
        catch (Libp2pException exception)
        {
            stream.Reset(exception.Reason);
            // The peer may close or reset at any time; that is no fault.
            if (exception.Reason is not (DropReason.RemoteReset or DropReason.RemoteClose or DropReason.LocalClose))
            {
                ReportFault(exception.Reason, exception.Message);
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            stream.Reset(DropReason.LocalClose);
        }
#pragma warning disable CA1031 // A handler's bug ends its stream, not the host; it is reported.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            stream.Reset(DropReason.LocalClose);
            HandlerFailed(_logger, protocol ?? "(none)", RemotePeer, exception);
        }
        finally
        {
            if (isCounted)
            {
                _inboundByProtocol.AddOrUpdate(protocol!, 0, static (_, count) => count - 1);
            }
        }
    }

    private async Task<string> NegotiateAsync(MuxedStream stream)
    {
        using Deadline deadline = new(_options.Limits.NegotiationTimeout, _options.TimeProvider, _closing.Token);
        try
        {
            return await MultistreamSelect.AnswerAsync(
                new MuxedStreamIo(stream), protocol => _registry.Find(protocol) is not null, deadline.Token);
        }
        catch (Exception exception) when (deadline.IsPassed)
        {
            throw deadline.Translate(exception, DropReason.ReadTimeout, "A stream was opened and no protocol agreed on");
        }
    }

    [LoggerMessage(4002, LogLevel.Debug, "Fault of {Peer}: {Reason}. {Message}")]
    private static partial void StreamFault(ILogger logger, PeerId peer, DropReason reason, string message);

    [LoggerMessage(4003, LogLevel.Error, "The handler of {Protocol} failed while serving {Peer}; its stream was reset.")]
    private static partial void HandlerFailed(ILogger logger, string protocol, PeerId peer, Exception exception);
}
