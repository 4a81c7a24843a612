using System.Buffers;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>
/// The server's side of one stream: request after request, each answered in full before the next is read. A body goes out in chunks
/// through one buffer, and the next chunk is read only when the peer's window has taken the last: a peer that stops reading stops us.
/// </summary>
internal sealed partial class FetchExchange(
    ProtocolStream stream, IFetchContent content, FetchServerOptions options, ILogger logger) : IDisposable
{
    private const int ChunkBytes = 128 * 1024;
    private readonly StallTimer _timer = new(stream.Stream, options.TimeProvider);
    private readonly PeerId _peer = stream.Connection.RemotePeer;

    public void Dispose() => _timer.Dispose();

    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        bool isFirst = true;
        while (await ReadAsync(isFirst, cancellationToken) is { } message)
        {
            isFirst = false;
            if (!FetchRequest.TryRead(message, out FetchRequest? request, out string? problem))
            {
                stream.Connection.ReportFault(DropReason.MessageInvalid, $"A fetch request is malformed: {problem}");
                await RefuseAsync("(malformed)", FetchErrorCode.BadRequest, problem, cancellationToken);
                continue;
            }
            if (!await AnswerAsync(request, cancellationToken))
            {
                stream.Stream.Reset(DropReason.LocalClose);
                return;
            }
        }
        await stream.Stream.CloseWriteAsync(cancellationToken);
    }

    /// <summary>Answers the first request with "busy" and closes.</summary>
    public async Task TurnAwayAsync(CancellationToken cancellationToken)
    {
        // The request is read to its end: a reset for its late bytes could overtake the answer.
        if (await ReadAsync(isFirst: true, cancellationToken) is not null)
        {
            const string Error = "As many streams as this peer serves are open; try another peer, or later.";
            await RefuseAsync("(unread)", FetchErrorCode.Busy, Error, cancellationToken);
        }
        await stream.Stream.CloseWriteAsync(cancellationToken);
    }

    // The next request, or null at the peer's close and when it lets the stream lie idle after an answer.
    private async ValueTask<byte[]?> ReadAsync(bool isFirst, CancellationToken cancellationToken)
    {
        TimeSpan limit = isFirst ? options.RequestTimeout : options.IdleTimeout;
        _timer.Start(limit);
        try
        {
            return await LengthPrefixed.ReadAsync(stream.Stream.Input, FetchProtocol.MaxMessageBytes, cancellationToken);
        }
        catch (Libp2pException exception) when (_timer.HasFired)
        {
            return isFirst ? throw new Libp2pException(DropReason.ReadTimeout, $"No fetch request within {limit}.", exception) : null;
        }
        finally
        {
            _timer.Stop();
        }
    }

    // False when the content failed after the answer had begun.
    private async ValueTask<bool> AnswerAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        IFetchSource? source;
        try
        {
            source = await content.OpenAsync(request, cancellationToken);
        }
        catch (FetchRefusedException exception)
        {
            await RefuseAsync(request.ToString(), exception.Code, exception.Message, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ContentFailed(logger, request, _peer, exception);
            await RefuseAsync(request.ToString(), FetchErrorCode.Unavailable, "The content cannot be opened now.", cancellationToken);
            return true;
        }
        if (source is null)
        {
            await RefuseAsync(request.ToString(), FetchErrorCode.NotFound, $"There is no {request} here.", cancellationToken);
            return true;
        }
        await using (source)
        {
            long size = source.SizeBytes;
            long offset = request.Offset ?? 0;
            if (offset > size || (request.LengthBytes ?? 0) > size - offset)
            {
                string error = $"{request} is not within its {size} bytes.";
                await RefuseAsync(request.ToString(), FetchErrorCode.BadRange, error, cancellationToken);
                return true;
            }
            long length = request.LengthBytes ?? size - offset;
            return await SendAsync(request, source, FetchAnswer.Grant(size, offset, length, source.Hash), cancellationToken);
        }
    }

    private async ValueTask<bool> SendAsync(
        FetchRequest request, IFetchSource source, FetchAnswer answer, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            int filled = Frame(answer, buffer);
            long position = answer.Offset;
            long end = answer.Offset + answer.LengthBytes;
            do
            {
                int wanted = (int)Math.Min(end - position, ChunkBytes - filled);
                int read = wanted == 0
                    ? 0
                    : await ReadSourceAsync(request, source, position, buffer.AsMemory(filled, wanted), cancellationToken);
                if (read == 0 && wanted > 0)
                {
                    if (position > answer.Offset)
                    {
                        return false;
                    }
                    // Nothing has gone out yet, so the failure can still be said in words.
                    await RefuseAsync(request.ToString(), FetchErrorCode.Unavailable, "The content cannot be read now.", cancellationToken);
                    return true;
                }
                await WriteAsync(buffer.AsMemory(0, filled + read), cancellationToken);
                Libp2pInstruments.FetchSent(read);
                position += read;
                filled = 0;
            }
            while (position < end);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        Libp2pInstruments.FetchAnswered("ok");
        Answered(logger, request, _peer, answer.LengthBytes);
        return true;
    }

    // 0 when the content is not what it said it was.
    private async ValueTask<int> ReadSourceAsync(
        FetchRequest request, IFetchSource source, long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            int read = await source.ReadAsync(position, buffer, cancellationToken);
            return read > 0 && read <= buffer.Length
                ? read
                : throw new EndOfStreamException($"{read} bytes at {position} of {source.SizeBytes}, {buffer.Length} wanted.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ContentFailed(logger, request, _peer, exception);
            Libp2pInstruments.FetchAnswered("failed");
            return 0;
        }
    }

    private async ValueTask RefuseAsync(string what, FetchErrorCode code, string error, CancellationToken cancellationToken)
    {
        Libp2pInstruments.FetchAnswered(code.ToWire());
        Refused(logger, what, _peer, code, error);
        byte[] buffer = new byte[FetchProtocol.MaxMessageBytes + Varint.MaxBytes];
        int length = Frame(FetchAnswer.Refuse(code, error), buffer);
        await WriteAsync(buffer.AsMemory(0, length), cancellationToken);
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _timer.Start(options.StallTimeout);
        try
        {
            await stream.Stream.WriteAsync(bytes, cancellationToken);
        }
        catch (Libp2pException exception) when (_timer.HasFired)
        {
            throw new Libp2pException(
                DropReason.ReadTimeout, $"The peer did not take {bytes.Length} bytes of a fetch within {options.StallTimeout}.", exception);
        }
        finally
        {
            _timer.Stop();
        }
    }

    private static int Frame(FetchAnswer answer, Span<byte> buffer)
    {
        byte[] json = answer.Encode();
        int prefix = Varint.Write(buffer, (ulong)json.Length);
        json.CopyTo(buffer[prefix..]);
        return prefix + json.Length;
    }

    [LoggerMessage(4030, LogLevel.Debug, "Fetch of {Request} by {Peer}: {LengthBytes} bytes sent")]
    private static partial void Answered(ILogger logger, FetchRequest request, PeerId peer, long lengthBytes);

    [LoggerMessage(4031, LogLevel.Debug, "Fetch of {Request} by {Peer} refused: {Code}. {Message}")]
    private static partial void Refused(ILogger logger, string request, PeerId peer, FetchErrorCode code, string message);

    [LoggerMessage(4032, LogLevel.Warning, "The content of {Request} failed while it was served to {Peer}; it was not sent whole.")]
    private static partial void ContentFailed(ILogger logger, FetchRequest request, PeerId peer, Exception exception);
}
