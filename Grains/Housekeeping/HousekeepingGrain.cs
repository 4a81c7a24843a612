using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.Housekeeping;

/// <summary>
/// Makes silence a state, evaluates rollouts and forgets what is old: one durable reminder for the fleet, instead of one per boot.
/// </summary>
public interface IHousekeepingGrain : IGrainWithStringKey
{
    const string Key = "housekeeping";

    /// <summary>Makes the reminder, where there is none. Silos call it when they start (<see cref="HousekeepingStarter"/>).</summary>
    Task StartAsync();

    /// <summary>One round now, of at most <see cref="MaxPerRound"/> of each kind.</summary>
    /// <returns>How many grains were swept.</returns>
    Task<int> RunAsync();

    /// <summary>The rest waits for the next round, so that a round stays short.</summary>
    const int MaxPerRound = 200;
}

/// <inheritdoc cref="IHousekeepingGrain"/>
internal sealed class HousekeepingGrain(
    IBootSessionIndex boots,
    IProviderIndex providers,
    IReleaseChannelIndex channels,
    IJoinTokenIndex tokens,
    INonceIndex nonces,
    TimeProvider time,
    ILogger<HousekeepingGrain> log)
    : Grain, IHousekeepingGrain, IRemindable
{
    private const string ReminderName = "sweep";
    private const int MaxAtOnce = 16;

    /// <summary>Well below the limit of a call.</summary>
    private static readonly TimeSpan MaxRound = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>Every so many rounds, by the clock, channels tell their artifacts again.</summary>
    private const int RetellEvery = 10;

    public async Task StartAsync() => await this.RegisterOrUpdateReminder(ReminderName, Period, Period);

    public async Task<int> RunAsync()
    {
        long began = time.GetTimestamp();
        bool isRetold = time.GetUtcNow().Minute % RetellEvery == 0;
        return await SweepAsync("providers", began, await providers.ListToSweepAsync(IHousekeepingGrain.MaxPerRound),
                key => GrainFactory.GetGrain<IProviderGrain>(key).SweepAsync())
            + await SweepAsync("boots", began, await boots.ListToSweepAsync(IHousekeepingGrain.MaxPerRound),
                key => GrainFactory.GetGrain<IBootSessionGrain>(key).SweepAsync())
            + await SweepAsync("rollouts", began, await ListChannelsAsync(), key => EvaluateAsync(key, isRetold))
            + await SweepAsync("tokens", began, await tokens.ListToSweepAsync(IHousekeepingGrain.MaxPerRound),
                key => GrainFactory.GetGrain<IJoinTokenGrain>(key).SweepAsync())
            + await SweepAsync("nonces", began, await nonces.ListToSweepAsync(IHousekeepingGrain.MaxPerRound),
                key => GrainFactory.GetGrain<INonceGrain>(key).SweepAsync());
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => RunAsync();

    private async Task<ImmutableArray<string>> ListChannelsAsync() =>
        [.. (await channels.ListAsync(IHousekeepingGrain.MaxPerRound)).Items.Select(channel => $"{channel.Channel}/{channel.Arch}")];

    private async Task EvaluateAsync(string key, bool isRetold)
    {
        IReleaseChannelGrain channel = GrainFactory.GetGrain<IReleaseChannelGrain>(key);
        await channel.EvaluateRolloutAsync();
        if (isRetold)
        {
            await channel.RetellAsync();
        }
    }

    private async Task<int> SweepAsync(string what, long began, ImmutableArray<string> keys, Func<string, Task> sweep)
    {
        int done = 0;
        foreach (string[] some in keys.Chunk(MaxAtOnce).TakeWhile(_ => time.GetElapsedTime(began) < MaxRound))
        {
            try
            {
                await Task.WhenAll(some.Select(sweep));
                done += some.Length;
            }
            catch (Exception exception)
            {
                // One bad grain must not keep the others from being swept.
                log.HousekeepingFailed(what, exception);
            }
        }

        return done;
    }
}
