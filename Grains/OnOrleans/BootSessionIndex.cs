using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary><see cref="IBootSessionIndex"/> by reading all there is.</summary>
internal sealed class BootSessionIndex(AdoNetStates states, FleetOptions options, TimeProvider time) : IBootSessionIndex
{
    public async Task<FleetPage<BootSessionView>> ListAsync(
        BootSessionQuery query, int limit, string? after, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return Pages.Of(
            (await FindAsync(query, cancellationToken)).OrderByDescending(boot => boot.State.CreatedAt).ThenByDescending(boot => boot.Key),
            limit, after, (key, state) => BootNews.ViewOf(key, state, now));
    }

    public async Task<BootCounts> CountAsync(BootSessionQuery query, CancellationToken cancellationToken)
    {
        BootSessionGrainState[] found = [.. (await FindAsync(query, cancellationToken)).Select(boot => boot.State)];
        return new BootCounts(
            found.Length,
            found.CountBy(boot => boot.Phase).ToDictionary(count => count.Key, count => (long)count.Value),
            found.CountBy(boot => boot.Outcome).ToDictionary(count => count.Key, count => (long)count.Value),
            found.Where(boot => boot.Reason is not null).CountBy(boot => boot.Reason!)
                .ToDictionary(count => count.Key, count => (long)count.Value));
    }

    public async Task<ReleaseHealth> GetHealthAsync(
        ReleaseChannelKey channel, long release, DateTimeOffset since, CancellationToken cancellationToken)
    {
        BootCounts counts = await CountAsync(
            new BootSessionQuery { Channel = $"{channel.Channel}", Arch = $"{channel.Arch}", Release = release, Since = since },
            cancellationToken);
        return new ReleaseHealth(Of(BootOutcome.Running), Of(BootOutcome.Joined), Of(BootOutcome.Failed), Of(BootOutcome.Lost));

        long Of(BootOutcome outcome) => counts.ByOutcome.GetValueOrDefault(outcome);
    }

    public async Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        return
        [
            .. (await FindAsync(new BootSessionQuery(), cancellationToken)).Where(boot => now - boot.State.CreatedAt > options.KeepBootsFor
                || (boot.State.Outcome == BootOutcome.Running && boot.State.Deadline < now
                    && (!boot.State.IsStuck || boot.State.Deadline < now - options.LostAfter))).Take(limit).Select(boot => boot.Key),
        ];
    }

    private async Task<IEnumerable<(string Key, BootSessionGrainState State)>> FindAsync(
        BootSessionQuery query, CancellationToken cancellationToken) =>
        (await states.ReadAllAsync<BootSessionGrainState>("boot", cancellationToken)).Where(boot =>
            (query.Phase is null || boot.State.Phase == query.Phase)
            && (query.Outcome is null || boot.State.Outcome == query.Outcome)
            && (query.IsStuck is null || boot.State.IsStuck == query.IsStuck)
            && (query.Channel is null || boot.State.Channel == query.Channel)
            && (query.Arch is null || boot.State.Arch == query.Arch)
            && (query.Release is null || boot.State.Release == query.Release)
            && (query.MachineId is null || boot.State.MachineId == query.MachineId)
            && (query.Provider is null || boot.State.Provider == query.Provider)
            && (query.Source is null || boot.State.Source == query.Source)
            && (query.Since is null || boot.State.CreatedAt >= query.Since));
}
