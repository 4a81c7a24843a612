namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Cancels a request that stalls. Only time spent waiting for the provider counts: a slow disk or a starved processor on our side is
/// not the provider's fault.
/// </summary>
internal sealed class ProgressWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _cancel;
    private readonly FetchLimits _limits;
    private readonly Action _onProgress;
    private readonly ITimer _timer;
    private long _bytes;
    private long _bytesBefore;
    private volatile bool _isWaiting = true;
    private volatile bool _waitedThroughout = true;

    /// <param name="onProgress">Called from a timer for each window that passed the test.</param>
    public ProgressWatch(FetchLimits limits, TimeProvider time, Action onProgress, CancellationToken cancellationToken)
    {
        _limits = limits;
        _onProgress = onProgress;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _timer = time.CreateTimer(_ => Check(), null, limits.StallWindow, limits.StallWindow);
    }

    public CancellationToken Token => _cancel.Token;

    public bool HasStalled { get; private set; }

    public FetchFault Fault => new(FaultKind.Stalled, _bytes == 0
        ? $"sent nothing in {_limits.StallWindow.TotalSeconds:0.#} s"
        : $"stalled: less than {_limits.MinimumBytesPerWindow} bytes in {_limits.StallWindow.TotalSeconds:0.#} s");

    public async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer)
    {
        _isWaiting = true;
        int read = await stream.ReadAsync(buffer, Token);
        _isWaiting = false;
        Interlocked.Add(ref _bytes, read);
        return read;
    }

    /// <summary>The caller is busy with what it has read.</summary>
    public void Busy() => _waitedThroughout = false;

    private void Check()
    {
        long bytes = Interlocked.Read(ref _bytes);
        bool enough = bytes - _bytesBefore >= _limits.MinimumBytesPerWindow;
        if (!enough && _isWaiting && _waitedThroughout)
        {
            HasStalled = true;
            _cancel.Cancel();
            return;
        }

        _bytesBefore = bytes;
        _waitedThroughout = true;
        if (enough)
        {
            _onProgress();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _cancel.Dispose();
    }
}
