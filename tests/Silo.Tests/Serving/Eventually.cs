namespace PhaseMesh.Silo.Tests.Serving;

/// <summary>For states that tell nobody when they change.</summary>
internal static class Eventually
{
    public static async Task IsAsync(Func<bool> condition, string description)
    {
        using CancellationTokenSource limit = new(ServingScene.Limit);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within {ServingScene.Limit.TotalSeconds} s: {description}.");
            }
        }
    }
}
