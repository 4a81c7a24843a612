using System.Buffers;
using System.IO.Pipelines;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Wire;

/// <summary><code>message = varint(length) bytes</code>: how identify, the DHT and most protocols delimit their protobufs.</summary>
internal static class LengthPrefixed
{
    /// <summary>The next message, or null at the peer's close between two messages.</summary>
    /// <exception cref="Libp2pException">The length is malformed or above the limit, or the stream ends inside a message.</exception>
    public static async ValueTask<byte[]?> ReadAsync(PipeReader input, int maxBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (TryParse(ref buffer, maxBytes, out byte[]? message, out string? error))
            {
                input.AdvanceTo(buffer.Start);
                return message;
            }
            input.AdvanceTo(buffer.Start, result.Buffer.End);
            if (error is not null)
            {
                throw new Libp2pException(DropReason.MessageInvalid, error);
            }
            if (result.IsCompleted)
            {
                return buffer.IsEmpty
                    ? null
                    : throw new Libp2pException(DropReason.MessageInvalid, "The stream ended in the middle of a message.");
            }
        }
    }

    public static async ValueTask WriteAsync(MuxedStream stream, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        int prefix = Varint.SizeOf((ulong)message.Length);
        byte[] framed = ArrayPool<byte>.Shared.Rent(prefix + message.Length);
        Varint.Write(framed, (ulong)message.Length);
        message.CopyTo(framed.AsMemory(prefix));
        await stream.WriteAsync(framed.AsMemory(0, prefix + message.Length), cancellationToken);
        ArrayPool<byte>.Shared.Return(framed);
    }

    /// <summary>The message with its length in front.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        int prefix = Varint.SizeOf((ulong)message.Length);
        byte[] framed = new byte[prefix + message.Length];
        Varint.Write(framed, (ulong)message.Length);
        message.CopyTo(framed.AsSpan(prefix));
        return framed;
    }

    private static bool TryParse(ref ReadOnlySequence<byte> buffer, int maxBytes, out byte[]? message, out string? error)
    {
        message = null;
        error = null;
        Span<byte> prefix = stackalloc byte[Varint.MaxBytes];
        int available = (int)Math.Min(buffer.Length, prefix.Length);
        buffer.Slice(0, available).CopyTo(prefix);
        if (!Varint.TryRead(prefix[..available], out ulong length, out int prefixBytes))
        {
            bool isCut = available < Varint.MaxBytes && (available == 0 || prefix[available - 1] >= 0x80);
            error = isCut ? null : "A message's length is malformed.";
            return false;
        }
        if (length > (ulong)maxBytes)
        {
            error = $"A message of {length} bytes is announced; at most {maxBytes} are accepted.";
            return false;
        }
        if (buffer.Length < prefixBytes + (long)length)
        {
            return false;
        }
        ReadOnlySequence<byte> body = buffer.Slice(prefixBytes, (long)length);
        message = body.ToArray();
        buffer = buffer.Slice(body.End);
        return true;
    }
}
