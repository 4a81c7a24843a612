using System.IO.Pipelines;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Serving.Connections;

namespace PhaseMesh.Silo.Serving.Bodies;

internal enum BodyOutcome
{
    Sent,

    /// <summary>The client went away, or was cut off for being too slow.</summary>
    ClientGone,

    /// <summary>The file's bytes are not its digest's any more; what is still missing must never be sent.</summary>
    FileChanged,
}

/// <summary>
/// Sends part of an artifact as response body, by sendfile(2) where the connection can (<see cref="IFileSliceSink"/>), else by read and write.
/// </summary>
/// <remarks>
/// 1. A slice goes out. 2. The file is compared with what was verified. 3. The last 64 KiB are always read first, compared, and only then sent,
/// on either path: so a body is complete only if the file was still the verified one after all the rest had left.
/// </remarks>
internal sealed class ArtifactBody(TimeProvider clock, LoadCounters load)
{
    private const int CopyBytes = 256 * 1024;
    private const int HeldBackBytes = 64 * 1024;

    /// <summary>The response has started with a Content-Length that covers this; the caller has acquired the file.</summary>
    public async ValueTask<BodyOutcome> SendAsync(HttpContext context, ArtifactFile file, long offset, long lengthBytes)
    {
        PipeWriter body = context.Response.BodyWriter;
        IFileSliceSink? sink = lengthBytes > 2 * HeldBackBytes ? context.Features.Get<IFileSliceSink>() : null;
        SlowReaderGuard? guard = context.Features.Get<SlowReaderGuard>();
        long end = offset + lengthBytes;
        while (offset < end)
        {
            int count;
            FlushResult flushed;
            if (sink is not null && end - offset > HeldBackBytes)
            {
                count = (int)Math.Min(sink.Pacer.NextBytes, end - offset - HeldBackBytes);
                long started = clock.GetTimestamp();
                sink.BeginSlice(file.Stream, offset, count);
                body.GetMemory(count);
                body.Advance(count);
                guard?.Arm();
                flushed = await body.FlushAsync();
                sink.Pacer.Sent(count, clock.GetElapsedTime(started));
                guard?.Disarm(); // Whether the file is still good may take a while to find out, and is not the client's fault.
                load.SliceSentByKernel();
                if (!await file.IsIntactAsync())
                {
                    return BodyOutcome.FileChanged;
                }
            }
            else
            {
                count = (int)Math.Min(CopyBytes, end - offset);
                if (!TryRead(file, offset, body.GetMemory(count).Span[..count]) || !await file.IsIntactAsync())
                {
                    return BodyOutcome.FileChanged;
                }

                body.Advance(count);
                guard?.Arm();
                flushed = await body.FlushAsync();
                guard?.Disarm();
            }

            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return BodyOutcome.ClientGone;
            }

            offset += count;
            load.BytesSent(count);
        }

        return BodyOutcome.Sent;
    }

    private static bool TryRead(ArtifactFile file, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(file.Handle, destination, offset);
            if (read == 0)
            {
                return false; // Truncated; the size tells the same to whoever compares next.
            }

            offset += read;
            destination = destination[read..];
        }

        return true;
    }
}
