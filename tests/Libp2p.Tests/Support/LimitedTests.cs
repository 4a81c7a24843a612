namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Tests that wait for peers, no longer in all than <see cref="Connected.Patience"/>.</summary>
public abstract class LimitedTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(Connected.Patience);

    private protected CancellationToken Limit => _limit.Token;

    public Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        _limit.Dispose();
        return Task.CompletedTask;
    }
}
