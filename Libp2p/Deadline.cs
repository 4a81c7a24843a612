namespace PhaseMesh.Libp2p;

/// <summary>A time limit joined with the caller's cancellation, which can tell afterwards which of the two it was.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _both;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _limit;

    public Deadline(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _limit = limit;
        _caller = caller;
        _timer = new CancellationTokenSource(limit, time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, caller);
    }

    public CancellationToken Token => _both.Token;

    public bool IsPassed => _timer.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>
    /// The exception to throw: a passed deadline becomes a <see cref="Libp2pException"/>, everything else stays what it is.
    /// </summary>
    public Exception Translate(Exception exception, DropReason reason, string what) =>
        exception is OperationCanceledException && IsPassed
            ? new Libp2pException(reason, $"{what} within {_limit}.", exception)
            : exception;

    public void Dispose()
    {
        _both.Dispose();
        _timer.Dispose();
    }
}
