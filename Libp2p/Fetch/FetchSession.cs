using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>The client's side of one stream. Not for use by two callers at once.</summary>
public sealed class FetchSession : IAsyncDisposable
{
    private readonly ProtocolStream _stream;
    private readonly FetchClientOptions _options;
    private readonly StallTimer _timer;
    private FetchBody? _body;
    private bool _isWaiting;
    private bool _isDisposed;

    internal FetchSession(ProtocolStream stream, FetchClientOptions options)
    {
        _stream = stream;
        _options = options;
        _timer = new StallTimer(stream.Stream, options.TimeProvider);
    }

    /// <summary>Sends a request and reads the head of its answer. The body of the answer before must have been read to its end.</summary>
    /// <exception cref="FetchRefusedException">The peer refused; another request may follow, except after "busy".</exception>
    /// <exception cref="Libp2pException">The peer is gone or broke the protocol.</exception>
    /// <exception cref="InvalidOperationException">The last body is not read to its end.</exception>
    public async Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isWaiting || _body is { LeftBytes: > 0 })
        {
            throw new InvalidOperationException("The answer before is not read to its end; its bytes would be taken for the next answer.");
        }
        await SendAsync(LengthPrefixed.Frame(request.Encode()), cancellationToken);
        return await ReceiveAsync(request, ownsSession: false, cancellationToken);
    }

    /// <summary>Closes the stream in order, or resets it when an answer is not read to its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }
        _isDisposed = true;
        _timer.Dispose();
        if (_isWaiting || _body is { LeftBytes: > 0 })
        {
            _stream.Stream.Reset(DropReason.LocalClose); // So that a peer that waits for our window hears of it at once.
        }
        await _stream.DisposeAsync();
    }

    internal ValueTask CloseWriteAsync(CancellationToken cancellationToken) => _stream.Stream.CloseWriteAsync(cancellationToken);

    internal ValueTask SendAsync(byte[] message, CancellationToken cancellationToken) =>
        _stream.Stream.WriteAsync(message, cancellationToken);

    internal async Task<FetchResponse> ReceiveAsync(FetchRequest request, bool ownsSession, CancellationToken cancellationToken)
    {
        _isWaiting = true;
        FetchAnswer answer = await ReadHeadAsync(cancellationToken);
        string? contradiction = answer.Code is null ? answer.Contradicts(request) : null;
        if (contradiction is not null)
        {
            throw Malformed(contradiction);
        }
        _isWaiting = false;
        if (answer.Code is { } code)
        {
            throw new FetchRefusedException(code, $"{_stream.Connection.RemotePeer} refused {request}: {code.ToWire()}. {answer.Error}");
        }
        _body = new FetchBody(_stream, _timer, _options.IdleTimeout, answer.LengthBytes);
        return new FetchResponse(answer, _body, ownsSession ? this : null);
    }

    private async ValueTask<FetchAnswer> ReadHeadAsync(CancellationToken cancellationToken)
    {
        _timer.Start(_options.AnswerTimeout);
        try
        {
            byte[]? json = await LengthPrefixed.ReadAsync(_stream.Stream.Input, FetchProtocol.MaxMessageBytes, cancellationToken)
                ?? throw new Libp2pException(
                    DropReason.RemoteClose, $"{_stream.Connection.RemotePeer} closed the stream without an answer.");
            return FetchAnswer.TryRead(json, out FetchAnswer? answer, out string? problem) ? answer : throw Malformed(problem);
        }
        catch (Libp2pException exception) when (_timer.HasFired)
        {
            throw new Libp2pException(
                DropReason.ReadTimeout, $"{_stream.Connection.RemotePeer} did not answer within {_options.AnswerTimeout}.", exception);
        }
        finally
        {
            _timer.Stop();
        }
    }

    private Libp2pException Malformed(string problem)
    {
        Libp2pException exception = new(
            DropReason.MessageInvalid, $"The answer of {_stream.Connection.RemotePeer} is malformed: {problem}");
        _stream.Connection.ReportFault(exception.Reason, exception.Message);
        return exception;
    }
}
