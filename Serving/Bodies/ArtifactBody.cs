using System.IO.Pipelines;
using PhaseMesh.Serving.Connections;

namespace PhaseMesh.Serving.Bodies;

public enum BodyOutcome
{
    Sent,

    /// <summary>The client went away, or was cut off for being too slow.</summary>
    ClientGone,

    /// <summary>The source has no verified bytes any more; what is still missing must never be sent.</summary>
    SourceFailed,
}

/// <summary>
/// Sends part of an artifact as response body, by sendfile(2) where the connection can (<see cref="IFileSliceSink"/>), else by read and
/// write.
/// </summary>
/// <remarks>
/// 1. A slice is borrowed and goes out. 2. Returning it tells whether it was what was verified. 3. The last 64 KiB are always read first,
/// returned, and only then sent, on either path: so a body is complete only if the source was still good after all the rest had left. It
/// also ends every body with ordinary bytes, which uncork the socket.
/// </remarks>
public sealed class ArtifactBody(TimeProvider clock, LoadCounters load)
{
    private const int CopyBytes = 256 * 1024;
    private const int HeldBackBytes = 64 * 1024;

    /// <summary>The response has started with a Content-Length that covers this.</summary>
    public async ValueTask<BodyOutcome> SendAsync(HttpContext context, IArtifactSource source, long offset, long lengthBytes)
    {
        Outlet outlet = new(
            context.Response.BodyWriter,
            lengthBytes > 2 * HeldBackBytes ? context.Features.Get<IFileSliceSink>() : null,
            context.Features.Get<SlowReaderGuard>(),
            context.Features.Get<ISendAllowance>());
        CancellationToken gone = context.RequestAborted;
        long end = offset + lengthBytes;
        try
        {
            while (offset < end)
            {
                int wanted = outlet.Sink is { } sink && end - offset > HeldBackBytes
                    ? (int)Math.Min(sink.Pacer.NextBytes, end - offset - HeldBackBytes)
                    : (int)Math.Min(CopyBytes, end - offset);
                if (outlet.Allowance is { } allowance)
                {
                    wanted = await allowance.TakeAsync(wanted, gone);
                }

                if (await source.BorrowAsync(offset, wanted, gone) is not { } loan)
                {
                    return BodyOutcome.SourceFailed;
                }

                bool mayLeaveByKernel = loan.MayLeaveByKernel && end - offset > HeldBackBytes && outlet.Sink is not null;
                int count = mayLeaveByKernel ? loan.CountBytes : Math.Min(loan.CountBytes, CopyBytes);
                BodyOutcome outcome = mayLeaveByKernel
                    ? await SendAsync(outlet, source, loan)
                    : await CopyAsync(outlet, source, loan, count);
                if (outcome is not BodyOutcome.Sent)
                {
                    return outcome;
                }

                offset += count;
                load.BytesSent(count);
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            return BodyOutcome.ClientGone;
        }

        return BodyOutcome.Sent;
    }

    private async ValueTask<BodyOutcome> SendAsync(Outlet outlet, IArtifactSource source, FileLoan loan)
    {
        bool isGood = false;
        FlushResult flushed;
        try
        {
            IFileSliceSink sink = outlet.Sink!;
            long started = clock.GetTimestamp();
            sink.BeginSlice(loan.File, loan.FileOffset, loan.CountBytes);
            outlet.Body.GetMemory(loan.CountBytes);
            outlet.Body.Advance(loan.CountBytes);
            outlet.Guard?.Arm();
            outlet.Allowance?.Sending();
            flushed = await outlet.Body.FlushAsync();
            outlet.Allowance?.Sent();
            sink.Pacer.Sent(loan.CountBytes, clock.GetElapsedTime(started));
            load.SliceSentByKernel();
        }
        finally
        {
            outlet.Guard?.Disarm(); // Whether the source is still good may take a while to find out, and is not the client's fault.
            isGood = await source.ReturnAsync(loan);
        }

        return !isGood ? BodyOutcome.SourceFailed : flushed.IsCompleted || flushed.IsCanceled ? BodyOutcome.ClientGone : BodyOutcome.Sent;
    }

    private async ValueTask<BodyOutcome> CopyAsync(Outlet outlet, IArtifactSource source, FileLoan loan, int count)
    {
        bool isWhole = false;
        bool isGood;
        try
        {
            isWhole = TryRead(loan, outlet.Body.GetMemory(count).Span[..count]);
        }
        finally
        {
            isGood = await source.ReturnAsync(loan);
        }

        if (!isWhole || !isGood)
        {
            return BodyOutcome.SourceFailed;
        }

        long started = clock.GetTimestamp();
        outlet.Body.Advance(count);
        outlet.Guard?.Arm();
        outlet.Allowance?.Sending();
        FlushResult flushed = await outlet.Body.FlushAsync();
        outlet.Allowance?.Sent();
        outlet.Guard?.Disarm();
        outlet.Sink?.Pacer.Sent(count, clock.GetElapsedTime(started));
        return flushed.IsCompleted || flushed.IsCanceled ? BodyOutcome.ClientGone : BodyOutcome.Sent;
    }

    private static bool TryRead(FileLoan loan, Span<byte> destination)
    {
        long offset = loan.FileOffset;
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(loan.File.SafeFileHandle, destination, offset);
            if (read == 0)
            {
                return false; // Truncated; the size tells the same to whoever compares next.
            }

            offset += read;
            destination = destination[read..];
        }

        return true;
    }

    private readonly record struct Outlet(PipeWriter Body, IFileSliceSink? Sink, SlowReaderGuard? Guard, ISendAllowance? Allowance);
}
