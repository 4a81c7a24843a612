namespace PhaseMesh.Gateway.Configuration;

/// <summary>The options in force: whoever can follow a change asks here each time, or waits for it.</summary>
internal sealed class LiveOptions(GatewayOptions first)
{
    private GatewayOptions _current = first;
    private TaskCompletionSource _changed = NewSignal();

    public GatewayOptions Current => Volatile.Read(ref _current);

    /// <summary>Completes at the next change; take it before <see cref="Current"/>.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public void Swap(GatewayOptions next)
    {
        Volatile.Write(ref _current, next);
        Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
