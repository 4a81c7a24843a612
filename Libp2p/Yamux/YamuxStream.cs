using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Yamux;

/// <summary>
/// One stream of a <see cref="YamuxSession"/>. The session's lock guards all fields but the input pipe's writer, which has its own: data
/// arrives on the session's reading task while a reset may come from any thread.
/// </summary>
internal sealed class YamuxStream : MuxedStream, IValueTaskSource
{
    private static readonly PipeOptions InputOptions = new(
        pool: MemoryPool<byte>.Shared,
        pauseWriterThreshold: 0, // The window is the limit: the peer cannot send more than that.
        minimumSegmentSize: 16 * 1024,
        useSynchronizationContext: false);

    private readonly YamuxSession _session;
    private readonly Pipe _input = new(InputOptions);
    private readonly Lock _inputGate = new();
    private bool _inputCompleted;
    private ManualResetValueTaskSourceCore<bool> _written = new() { RunContinuationsAsynchronously = true };

    public YamuxStream(YamuxSession session, uint id, bool isInbound)
    {
        _session = session;
        StreamId = id;
        IsInbound = isInbound;
        Input = new YamuxStreamInput(_input.Reader, consumed => _session.Consumed(this, consumed));
    }

    public override long Id => StreamId;

    public override bool IsInbound { get; }

    public override PipeReader Input { get; }

    internal uint StreamId { get; }

    internal bool LocalClosed { get; set; }

    internal bool RemoteClosed { get; set; }

    /// <summary>Disposed by the application, but not yet closed by the peer.</summary>
    internal bool IsReleased { get; set; }

    /// <summary>Set once the stream has failed; both directions throw it.</summary>
    internal Libp2pException? Fault { get; set; }

    internal long SendWindowBytes { get; set; } = YamuxFrame.InitialWindowBytes;

    /// <summary>What the peer may still send.</summary>
    internal long ReceiveCreditBytes { get; set; } = YamuxFrame.InitialWindowBytes;

    internal int WindowBytes { get; set; } = YamuxFrame.InitialWindowBytes;

    internal long ConsumedBytes { get; set; }

    internal long LastUpdateTimestamp { get; set; }

    /// <summary>The rest of the write that is under way; only one is at a time.</summary>
    internal ReadOnlyMemory<byte> Pending { get; set; }

    internal bool IsWriting { get; set; }

    /// <summary>The session is copying out of <see cref="Pending"/>, so its memory may not be given back yet.</summary>
    internal bool IsCopying { get; set; }

    internal bool IsQueued { get; set; }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (bytes.IsEmpty)
        {
            return;
        }
        _session.BeginWrite(this, bytes);
        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((YamuxStream)state!).CancelWrite(token), this);
        await new ValueTask(this, _written.Version);
    }

    public override ValueTask CloseWriteAsync(CancellationToken cancellationToken = default)
    {
        _session.CloseWrite(this);
        return ValueTask.CompletedTask;
    }

    public override void Reset(DropReason reason) =>
        _session.Reset(this, new Libp2pException(reason, $"Stream {StreamId} was reset here: {reason}."));

    public override ValueTask DisposeAsync()
    {
        _session.Release(this);
        Input.Complete();
        return ValueTask.CompletedTask;
    }

    // The session calls these two with its lock held; the continuation runs elsewhere.
    internal void ResetWrite() => _written.Reset();

    internal void EndWrite(Exception? exception)
    {
        IsWriting = false;
        Pending = default;
        if (exception is null)
        {
            _written.SetResult(true);
        }
        else
        {
            _written.SetException(exception);
        }
    }

    internal void Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_inputGate)
        {
            if (!_inputCompleted)
            {
                _input.Writer.Write(bytes);
            }
        }
    }

    internal void FlushInput()
    {
        lock (_inputGate)
        {
            if (!_inputCompleted)
            {
                // Completes at once: without a pause threshold the pipe never holds its writer back.
                ValueTask<FlushResult> flushed = _input.Writer.FlushAsync(CancellationToken.None);
                System.Diagnostics.Debug.Assert(flushed.IsCompleted);
                flushed.GetAwaiter().GetResult();
            }
        }
    }

    internal void CompleteInput(Exception? exception)
    {
        lock (_inputGate)
        {
            if (!_inputCompleted)
            {
                _inputCompleted = true;
                _input.Writer.Complete(exception);
            }
        }
    }

    void IValueTaskSource.GetResult(short token) => _written.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _written.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _written.OnCompleted(continuation, state, token, flags);

    private void CancelWrite(CancellationToken cancellationToken) => _session.CancelWrite(this, cancellationToken);
}
