using System.Buffers;
using System.IO.Pipelines;

namespace PhaseMesh.Libp2p.Yamux;

/// <summary>The reader's end of a stream: what the application consumes is what the peer may send again.</summary>
internal sealed class YamuxStreamInput(PipeReader inner, Action<long> consumed) : PipeReader
{
    private ReadOnlySequence<byte> _current;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadResult result = await inner.ReadAsync(cancellationToken);
        _current = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        bool found = inner.TryRead(out result);
        _current = result.Buffer;
        return found;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumedTo, SequencePosition examined)
    {
        long bytes = _current.Slice(0, consumedTo).Length;
        _current = default;
        inner.AdvanceTo(consumedTo, examined);
        if (bytes > 0)
        {
            consumed(bytes);
        }
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
