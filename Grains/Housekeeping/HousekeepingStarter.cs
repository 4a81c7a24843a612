using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.Housekeeping;

/// <summary>Makes sure that the reminder exists, until that worked once.</summary>
public sealed class HousekeepingStarter(IGrainFactory grains, TimeProvider time, ILogger<HousekeepingStarter> log) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<IHousekeepingGrain>(IHousekeepingGrain.Key).StartAsync();
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                log.HousekeepingNotStarted(RetryAfter, exception);
                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
