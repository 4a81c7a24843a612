using System.Threading.Channels;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Yamux;

/// <summary>
/// Yamux over an encrypted channel.
/// <code>
/// header = version u8 (0), type u8, flags u16, stream id u32, length u32          all big-endian; 12 bytes
/// 0 data           length bytes follow; they count against the stream's window
/// 1 window update  length more bytes may be sent
/// 2 ping           SYN: echo the length with ACK; stream id 0
/// 3 go away        length is the code; stream id 0
/// flags: SYN 1 opens, ACK 2 accepts, FIN 4 closes one direction, RST 8 ends both; on data or window update
/// </code>
/// The dialer's streams are odd, the listener's even. https://github.com/libp2p/specs/blob/master/yamux/README.md
///
/// Two tasks own the channel: one reads and never waits for a write, so two peers that both stop reading cannot lock each other up; the
/// other writes control frames first and then one chunk per stream in turn, so a bulk stream never starves a small one. What the reading
/// task must answer goes into a bounded queue: a peer that provokes answers without reading them is dropped.
/// </summary>
internal sealed partial class YamuxSession : IMuxer
{
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);

    private readonly ISecureChannel _channel;
    private readonly YamuxOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private readonly Channel<MuxedStream> _accepted = Channel.CreateUnbounded<MuxedStream>();
    private readonly TaskCompletionSource<DropReason> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop;
    private readonly bool _isDialer;

    private uint _nextId;
    private int _inbound;
    private int _outbound;
    private int _refused;
    private bool _remoteGoAway;
    private Libp2pException? _ended;

    public YamuxSession(ISecureChannel channel, bool isDialer, YamuxOptions options)
    {
        _channel = channel;
        _options = options;
        _time = options.TimeProvider;
        _isDialer = isDialer;
        _nextId = isDialer ? 1u : 2u;
        _stop = new CancellationTokenSource();
        _ = RunAsync(); // Owned through Completion, which DisposeAsync awaits; it never faults.
    }

    public Task<DropReason> Completion => _completion.Task;

    /// <summary>Why the session ended, in words; null while it lives.</summary>
    public string? EndMessage => Volatile.Read(ref _ended)?.Message;

    public int OpenStreams
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    public ValueTask<MuxedStream> OpenStreamAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_ended is { } ended)
            {
                throw new Libp2pException(ended.Reason, ended.Message, ended);
            }
            if (_remoteGoAway)
            {
                throw new Libp2pException(DropReason.RemoteClose, "The peer is closing the connection and takes no new streams.");
            }
            if (_outbound >= _options.MaxOutboundStreams || _nextId > uint.MaxValue - 2 || _options.Quota?.TryTake() == false)
            {
                throw new Libp2pException(
                    DropReason.LimitReached,
                    $"{_outbound} streams to this peer are open (at most {_options.MaxOutboundStreams}), or the host's limit is reached.");
            }
            YamuxStream stream = new(this, _nextId, isInbound: false) { LastUpdateTimestamp = _time.GetTimestamp() };
            _nextId += 2;
            _outbound++;
            _streams.Add(stream.StreamId, stream);
            Enqueue(new YamuxFrame(YamuxType.WindowUpdate, YamuxFlags.Syn, stream.StreamId, 0));
            return ValueTask.FromResult<MuxedStream>(stream);
        }
    }

    public async ValueTask<MuxedStream?> AcceptStreamAsync(CancellationToken cancellationToken) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out MuxedStream? stream) ? stream : null;

    public void Abort(DropReason reason, string message) => End(new Libp2pException(reason, message));

    public async ValueTask DisposeAsync()
    {
        End(new Libp2pException(DropReason.LocalClose, "The connection was closed here."));
        await Completion;
    }

    private async Task RunAsync()
    {
        await Task.WhenAll(
            Task.Run(() => GuardAsync(ReadLoopAsync)),
            Task.Run(() => GuardAsync(WriteLoopAsync)),
            Task.Run(() => GuardAsync(KeepAliveLoopAsync)));
        try
        {
            await _channel.DisposeAsync();
        }
        catch (IOException)
        {
            // The socket was broken already; that is why we are here.
        }
        _stop.Dispose();
        _completion.SetResult(_ended!.Reason);
    }

    // Whatever happens in a loop ends the session: streams and DisposeAsync must never wait for a task that is gone.
    private async Task GuardAsync(Func<Task> loop)
    {
        try
        {
            await loop();
        }
#pragma warning disable CA1031 // Reported as the reason of the end.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            End(new Libp2pException(DropReason.InternalError, $"The session failed: {exception}", exception));
            await _stop.CancelAsync();
        }
    }

    // Marks the end once: fails the streams, says good-bye, and lets the tasks run out.
    private void End(Libp2pException cause)
    {
        List<YamuxStream> orphans;
        lock (_gate)
        {
            if (_ended is not null)
            {
                return;
            }
            _ended = cause;
            orphans = [.. _streams.Values];
            foreach (YamuxStream stream in orphans)
            {
                Fail(stream, new Libp2pException(cause.Reason, cause.Message));
            }
            _writable.Clear();
            YamuxGoAway code = cause.Reason is DropReason.LocalClose or DropReason.RemoteClose
                ? YamuxGoAway.Normal
                : YamuxGoAway.ProtocolError;
            _control.Enqueue(new YamuxFrame(YamuxType.GoAway, YamuxFlags.None, 0, (uint)code));
            Wake();
            _stop.CancelAfter(FarewellTime); // A peer that does not read cannot hold up the end.
        }
        foreach (YamuxStream stream in orphans)
        {
            stream.CompleteInput(stream.Fault);
        }
        _accepted.Writer.TryComplete();
    }

    // With the lock held: takes the stream out of the books and fails a write under way.
    private void Fail(YamuxStream stream, Libp2pException cause)
    {
        if (stream.Fault is not null)
        {
            return;
        }
        stream.Fault = cause;
        Remove(stream);
        if (stream.IsWriting && !stream.IsCopying)
        {
            stream.EndWrite(cause);
        }
    }

    // With the lock held.
    private void Remove(YamuxStream stream)
    {
        if (!_streams.Remove(stream.StreamId))
        {
            return;
        }
        if (stream.IsInbound)
        {
            _inbound--;
        }
        else
        {
            _outbound--;
        }
        _grownBytes -= stream.WindowBytes - YamuxFrame.InitialWindowBytes;
        _options.Quota?.Return();
    }
}
