namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Tests that wait for peers, no longer in all than <see cref="Connected.Patience"/>.</summary>
public abstract class LimitedTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _limit = new(Connected.Patience);

    private protected CancellationToken Limit => _limit.Token;

    public virtual ValueTask DisposeAsync()
    {
        _limit.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
