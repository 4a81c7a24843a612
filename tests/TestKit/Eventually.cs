using System.Runtime.CompilerServices;

namespace PhaseMesh.TestKit;

/// <summary>Waits for a state that tells nobody when it changes, such as another process's or another silo's cache.</summary>
public static class Eventually
{
    /// <summary>Generous: the machine may be busy with other suites.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    /// <exception cref="TimeoutException">It was not so within two minutes; the message has the description.</exception>
    public static Task IsAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? description = null) =>
        IsAsync(() => Task.FromResult(condition()), description);

    /// <inheritdoc cref="IsAsync(Func{bool}, string)"/>
    public static async Task IsAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string? description = null)
    {
        using PeriodicTimer timer = new(Period);
        long began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Limit)
            {
                throw new TimeoutException($"Not within {Limit.TotalSeconds} s: {description}.");
            }
            await timer.WaitForNextTickAsync();
        }
    }
}
