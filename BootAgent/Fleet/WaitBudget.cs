namespace PhaseMesh.BootAgent.Fleet;

/// <summary>The time a boot may spend waiting for the fleet, in all. Used by one task at a time.</summary>
internal sealed class WaitBudget(TimeSpan total, TimeProvider time)
{
    public TimeSpan Left { get; private set; } = total;

    /// <summary>Waits for a task that does not fail, no longer than <paramref name="most"/> and what is left.</summary>
    /// <returns>Whether it has ended.</returns>
    public async Task<bool> WaitAsync(Task task, TimeSpan most, CancellationToken cancellationToken)
    {
        TimeSpan limit = most < Left ? most : Left;
        if (task.IsCompleted || limit <= TimeSpan.Zero)
        {
            return task.IsCompleted;
        }

        long started = time.GetTimestamp();
        try
        {
            await task.WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            Left -= time.GetElapsedTime(started);
        }
    }
}
