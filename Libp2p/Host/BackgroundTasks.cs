using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace PhaseMesh.Libp2p.Host;

/// <summary>Owns tasks that nobody awaits where they start: reports their death and awaits them at the end.</summary>
internal sealed partial class BackgroundTasks(ILogger logger, CancellationToken stopping) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Task, bool> _running = [];

    public void Run(string name, Func<Task> work)
    {
        Task task = Task.Run(() => GuardAsync(name, work), CancellationToken.None);
        _running.TryAdd(task, true);
        // Removed by a continuation, which runs at once when the task has ended before it was added.
        task.ContinueWith(
            static (ended, state) => ((ConcurrentDictionary<Task, bool>)state!).TryRemove(ended, out _),
            _running,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    public async ValueTask DisposeAsync()
    {
        while (!_running.IsEmpty)
        {
            await Task.WhenAll(_running.Keys);
            await Task.Yield();
        }
    }

    private async Task GuardAsync(string name, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The owner is closing.
        }
#pragma warning disable CA1031 // The last resort of a task without an awaiter: the death is reported, the host lives on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            TaskDied(logger, name, exception);
        }
    }

    [LoggerMessage(4001, LogLevel.Error, "Background task {Name} died; what it did has stopped.")]
    private static partial void TaskDied(ILogger logger, string name, Exception exception);
}
