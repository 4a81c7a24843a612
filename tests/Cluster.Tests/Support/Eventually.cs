namespace PhaseMesh.Cluster.Tests.Support;

/// <summary>Waits for what has no event to wait for, such as another silo's cache.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    public static async Task IsAsync(
        Func<Task<bool>> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? text = null)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Limit, $"Not within {Limit.TotalSeconds} s: {text}");
            await Task.Delay(Period, TimeProvider.System);
        }
    }
}
