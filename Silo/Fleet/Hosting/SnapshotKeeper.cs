using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Silo.Fleet.Api;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <param name="EntityTag">Of what a gateway acts on: loads and times don't count.</param>
/// <param name="Json">A <see cref="FleetSnapshot"/>.</param>
internal sealed record KeptSnapshot(string EntityTag, long Version, ReadOnlyMemory<byte> Json, long TakenAtTimestamp);

/// <summary>
/// The fleet as gateways see it: made at most once a second whoever asks, and while the database is away the last one, whose time says how
/// old it is.
/// </summary>
internal sealed partial class SnapshotKeeper(
    IReleaseChannelIndex channels, IProviderIndex providers, IGrainFactory grains, TimeProvider clock, ILogger<SnapshotKeeper> log)
{
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    private const int PageSize = 1000;

    private readonly Lock _lock = new();
    private Dictionary<string, string> _manifests = [];
    private KeptSnapshot? _kept;
    private Task<KeptSnapshot>? _making;

    /// <exception cref="StorageUnavailableException">It is away, and was since this silo started.</exception>
    public async Task<KeptSnapshot> GetAsync()
    {
        Task<KeptSnapshot> making;
        lock (_lock)
        {
            if (_kept is { } kept && clock.GetElapsedTime(kept.TakenAtTimestamp) < MaxAge)
            {
                return kept;
            }

            making = _making is { IsCompleted: false } ? _making : _making = MakeAsync();
        }

        try
        {
            return await making;
        }
        catch (Exception exception) when (exception is StorageUnavailableException or TimeoutException && _kept is { } last)
        {
            LogStale(exception.Message);
            return last;
        }
    }

    private async Task<KeptSnapshot> MakeAsync()
    {
        await Task.Yield(); // Not under the lock.
        long timestamp = clock.GetTimestamp();
        DateTimeOffset now = clock.GetUtcNow();
        Dictionary<string, string> manifests = [];
        ImmutableArray<SnapshotRelease>.Builder releases = ImmutableArray.CreateBuilder<SnapshotRelease>();
        ImmutableArray<SnapshotRelease>.Builder staged = ImmutableArray.CreateBuilder<SnapshotRelease>();
        await foreach (ReleaseChannelView channel in AllAsync(after => channels.ListAsync(PageSize, after)))
        {
            RolloutView rollout = channel.Rollout;
            bool isForAll = rollout is { Percent: 100, IsPaused: false, IsHalted: false };
            if ((isForAll ? channel.Current : channel.Settled) is { } release)
            {
                releases.Add(await ReleaseAsync(channel, release, 100, manifests));
            }

            if (!isForAll)
            {
                int percent = rollout.IsPaused || rollout.IsHalted ? 0 : rollout.Percent;
                staged.Add(await ReleaseAsync(channel, channel.Current, percent, manifests));
            }
        }

        ImmutableArray<SnapshotProvider>.Builder known = ImmutableArray.CreateBuilder<SnapshotProvider>();
        await foreach (ProviderView provider in AllAsync(after => providers.ListAsync(new ProviderQuery(), PageSize, after)))
        {
            if (provider.State is not (ProviderState.Gone or ProviderState.Joining))
            {
                ProviderAnswer answer = ProviderAnswer.Of(provider);
                known.Add(new SnapshotProvider(
                    answer.Key, answer.Urls, answer.Site, answer.Rack, answer.Weight, answer.State, answer.Health, answer.Replicas,
                    answer.Load));
            }
        }

        FleetSnapshot made = new(0, now, releases.ToImmutable(), staged.ToImmutable(), known.ToImmutable());
        string tag = TagOf(made);
        lock (_lock)
        {
            long version = _kept is { } last && last.EntityTag == tag
                ? last.Version
                : Math.Max(now.ToUnixTimeMilliseconds(), (_kept?.Version ?? 0) + 1);
            _manifests = manifests;
            return _kept = new KeptSnapshot(
                tag, version, JsonSerializer.SerializeToUtf8Bytes(made with { Version = version }, FleetJson.Options), timestamp);
        }
    }

    private async Task<SnapshotRelease> ReleaseAsync(
        ReleaseChannelView channel, ReleaseView release, int percent, Dictionary<string, string> manifests)
    {
        if (!manifests.TryGetValue(release.Manifest, out string? text) && !_manifests.TryGetValue(release.Manifest, out text))
        {
            ReadOnlyMemory<byte> bytes = await grains.GetGrain<IManifestGrain>(release.Manifest).GetAsync()
                ?? throw new InvalidOperationException(
                    $"The manifest {release.Manifest} of {channel.Channel}/{channel.Arch} is not stored.");
            text = Convert.ToBase64String(bytes.Span);
        }

        manifests[release.Manifest] = text;
        return new SnapshotRelease(channel.Channel, channel.Arch, release.Release, release.Manifest, percent, text);
    }

    private static string TagOf(FleetSnapshot made)
    {
        FleetSnapshot steady = made with
        {
            TakenAt = default,
            Providers = [.. made.Providers.Select(provider => provider with { Load = new ProviderLoad(0, 0) })],
        };
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(steady, FleetJson.Options)))}\"";
    }

    private static async IAsyncEnumerable<T> AllAsync<T>(Func<string?, Task<FleetPage<T>>> page)
    {
        string? after = null;
        do
        {
            FleetPage<T> some = await page(after);
            foreach (T item in some.Items)
            {
                yield return item;
            }

            after = some.Next;
        }
        while (after is not null);
    }

    [LoggerMessage(1511, LogLevel.Debug, "The last snapshot is given out again: {Reason}")]
    private partial void LogStale(string reason);
}
