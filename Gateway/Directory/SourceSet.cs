namespace PhaseMesh.Gateway.Directory;

/// <summary>The tasks that ask sources, each for as long as it is configured.</summary>
internal sealed class SourceSet<TKey>(Func<TKey, CancellationToken, Task> run, CancellationToken stopping) : IAsyncDisposable
    where TKey : notnull
{
    private readonly Dictionary<TKey, (Task Task, CancellationTokenSource Stop)> _running = [];

    public IEnumerable<Task> Tasks => _running.Values.Select(each => each.Task);

    /// <summary>Ends those that are wanted no more, and starts those that are new; in this order, so that two never speak for one.</summary>
    /// <returns>Those that were ended.</returns>
    public async Task<IReadOnlyList<TKey>> FollowAsync(IEnumerable<TKey> wanted)
    {
        HashSet<TKey> set = [.. wanted];
        TKey[] gone = [.. _running.Keys.Where(key => !set.Contains(key))];
        foreach (TKey key in gone)
        {
            await EndAsync(key);
        }

        foreach (TKey key in set.Where(key => !_running.ContainsKey(key)))
        {
            CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            _running.Add(key, (run(key, stop.Token), stop));
        }

        return gone;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TKey key in _running.Keys.ToArray())
        {
            await EndAsync(key);
        }
    }

    private async Task EndAsync(TKey key)
    {
        (Task task, CancellationTokenSource stop) = _running[key];
        _running.Remove(key);
        await stop.CancelAsync();
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }
}
