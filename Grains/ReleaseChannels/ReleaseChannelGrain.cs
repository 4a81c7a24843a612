using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>See <see cref="IReleaseChannelGrain"/>. What proposals must fulfil is in <see cref="ReleaseRules"/>.</summary>
internal sealed class ReleaseChannelGrain(
    [PersistentState("channel")] IPersistentState<ReleaseChannelGrainState> channel,
    FleetOptions options,
    IBootSessionIndex boots,
    TimeProvider time,
    ILogger<ReleaseChannelGrain> log)
    : Grain, IReleaseChannelGrain
{
    private string Key => this.GetPrimaryKeyString();

    private ReleaseView? Current => channel.State.History.FirstOrDefault();

    public async Task<ReleaseView> CheckAsync(ReleaseProposal proposal)
    {
        ReleaseChannelKey key = ReleaseRules.RequireKey(Key);
        BootManifest manifest = ReleaseRules.Read(proposal);
        IReadOnlyList<Ed25519PublicKey> signers = ReleaseRules.Verify(manifest, key, Trust(), time.GetUtcNow());
        string digest = manifest.Digest.ToString();
        if (Current is { } current && current.Manifest == digest)
        {
            return current;
        }

        ReleaseRules.RequireNewer(manifest, channel.State.Release, Key);
        ImmutableArray<ReleaseArtifact> artifacts = ReleaseRules.ArtifactsOf(manifest);
        string? repeats = proposal.Origin switch
        {
            ReleaseOrigin.Promoted => await RequirePromotedAsync(key, proposal.PromotedFrom, artifacts),
            ReleaseOrigin.RolledBack => ReleaseRules.RequireEarlier(channel.State.History, artifacts, Key),
            _ => null,
        };
        return new ReleaseView
        {
            Release = manifest.Release!.Value,
            Version = manifest.Version,
            Manifest = digest,
            ManifestBytes = proposal.Manifest.Length,
            Artifacts = artifacts,
            Signers = [.. signers.Select(signer => signer.KeyId)],
            PublishedAt = time.GetUtcNow(),
            PublishedBy = proposal.Actor,
            Origin = proposal.Origin,
            Repeats = repeats,
            Expires = manifest.Expires,
        };
    }

    public async Task<ReleaseView> PublishAsync(ReleaseProposal proposal)
    {
        ReleaseView release = await CheckAsync(proposal);
        if (Current?.Manifest == release.Manifest)
        {
            return release;
        }

        if (!await GrainFactory.GetGrain<IManifestGrain>(release.Manifest).IsStoredAsync())
        {
            throw Refuse.Conflict(FleetRefusals.ManifestNotStored,
                $"The bytes of manifest {release.Manifest} are not stored; store them before publishing.");
        }

        ReleaseChannelKey key = ReleaseRules.RequireKey(Key);
        ReleaseChannelGrainState state = channel.State;
        string[] offeredBefore = [.. Offered(state)];
        if (Current is { } before && state.Rollout is { Percent: 100, IsPaused: false, IsHalted: false })
        {
            state.Settled = before;
        }

        (state.Channel, state.Arch, state.Release) = (key.Channel.ToString(), key.Arch.ToString(), release.Release);
        state.History.Insert(0, release);
        ReleaseView[] forgotten = [.. state.History.Skip(ReleaseChannelLimits.MaxHistory)];
        state.History.RemoveRange(state.History.Count - forgotten.Length, forgotten.Length);
        state.Rollout = NewRollout(state.Rollout, release, proposal);
        await channel.WriteStateAsync();

        log.Published(Key, release.Release, release.Manifest, release.PublishedBy, release.Origin, state.Rollout.Percent);
        await DescribeAsync(proposal.Manifest, release);
        foreach (string artifact in offeredBefore.Except(Offered(state)))
        {
            await GrainFactory.GetGrain<IArtifactGrain>(artifact).ReleaseAsync(Key);
        }

        foreach (ReleaseView old in forgotten.Where(old => old.Manifest != state.Settled?.Manifest))
        {
            await GrainFactory.GetGrain<IManifestGrain>(old.Manifest).ForgetAsync();
        }

        return release;
    }

    public async Task<RolloutView> SetRolloutAsync(RolloutChange change)
    {
        ReleaseRules.RequireRollout(change);
        ReleaseView current = RequireCurrent();
        DateTimeOffset now = time.GetUtcNow();
        RolloutView before = channel.State.Rollout;
        bool goesOn = change.Paused == false && (before.IsPaused || before.IsHalted);
        RolloutView after = before with
        {
            Percent = change.Percent ?? before.Percent,
            IsPaused = change.Paused ?? before.IsPaused,
            HaltFailureRate = change.HaltFailureRate ?? before.HaltFailureRate,
            MinimumBoots = change.MinimumBoots ?? before.MinimumBoots,
            IsHalted = before.IsHalted && !goesOn,
            HaltReason = goesOn ? null : before.HaltReason,
            HaltedAt = goesOn ? null : before.HaltedAt,
            CountedFrom = goesOn ? now : before.CountedFrom,
            ChangedAt = now,
            ChangedBy = change.Actor,
        };
        channel.State.Rollout = after;
        await channel.WriteStateAsync();
        log.RolloutChanged(Key, current.Release, change.Actor, after.Percent, after.IsPaused);
        return after;
    }

    public async Task SetTrustAsync(ReleaseChannelTrust trust)
    {
        ReleaseChannelKey key = ReleaseRules.RequireKey(Key);
        ImmutableArray<string> keys = ReleaseRules.RequireTrust(trust);
        (channel.State.Channel, channel.State.Arch) = (key.Channel.ToString(), key.Arch.ToString());
        (channel.State.TrustedKeys, channel.State.TrustThreshold) = (keys, trust.Threshold);
        await channel.WriteStateAsync();
    }

    public async Task<RolloutView> EvaluateRolloutAsync()
    {
        ReleaseView current = RequireCurrent();
        RolloutView rollout = channel.State.Rollout;
        ReleaseHealth health = await boots.GetHealthAsync(ReleaseRules.RequireKey(Key), current.Release, rollout.CountedFrom);
        if (rollout.IsHalted || rollout.IsPaused || health.Finished < rollout.MinimumBoots || health.FailureRate <= rollout.HaltFailureRate)
        {
            return rollout with { Health = health };
        }

        string reason = $"{health.Failed + health.Lost} of {health.Finished} boots failed or were lost ({health.FailureRate:P1}), "
            + $"allowed are {rollout.HaltFailureRate:P1}; machines get "
                + $"{(channel.State.Settled is { } settled ? $"release {settled.Release}" : "nothing")} again.";
        DateTimeOffset now = time.GetUtcNow();
        channel.State.Rollout = rollout with
        {
            IsHalted = true,
            HaltReason = reason,
            HaltedAt = now,
            ChangedAt = now,
            ChangedBy = "failure rate",
        };
        await channel.WriteStateAsync();
        log.RolloutHalted(Key, current.Release, reason);
        return channel.State.Rollout with { Health = health };
    }

    public async Task RetellAsync()
    {
        string[] others = [.. channel.State.History.SelectMany(release => release.Artifacts).Select(artifact => artifact.Digest)
            .Except(Offered(channel.State))];
        foreach (ReleaseView release in new[] { Current, channel.State.Settled }.OfType<ReleaseView>())
        {
            if (await GrainFactory.GetGrain<IManifestGrain>(release.Manifest).GetAsync() is { } bytes)
            {
                await DescribeAsync(bytes, release);
            }
        }

        foreach (string artifact in others)
        {
            IArtifactGrain grain = GrainFactory.GetGrain<IArtifactGrain>(artifact);
            if ((await grain.GetAsync())?.Channels.Contains(Key) == true)
            {
                await grain.ReleaseAsync(Key);
            }
        }
    }

    public Task<ReleaseChannelView?> GetAsync() => Task.FromResult(ReleaseRules.ViewOf(channel.State));

    public Task<ImmutableArray<ReleaseView>> GetHistoryAsync(int limit) =>
        limit is < 1 or > ReleaseChannelLimits.MaxHistory
            ? throw Refuse.Invalid($"limit: expected 1 to {ReleaseChannelLimits.MaxHistory}, found {limit}.")
            : Task.FromResult<ImmutableArray<ReleaseView>>([.. channel.State.History.Take(limit)]);

    public Task<ReleaseView?> FindAsync(string manifest) =>
        Task.FromResult(channel.State.History.Find(release => release.Manifest == manifest)
            ?? (channel.State.Settled?.Manifest == manifest ? channel.State.Settled : null));

    public Task<ReleaseAssignment?> AssignAsync(string? machineId)
    {
        ReleaseChannelGrainState state = channel.State;
        if (Current is not { } current)
        {
            return Task.FromResult<ReleaseAssignment?>(null);
        }

        RolloutView rollout = state.Rollout;
        bool isNewest = !rollout.IsPaused && !rollout.IsHalted
            && (rollout.Percent == 100
                || (!string.IsNullOrEmpty(machineId) && Rollout.Includes(Key, current.Release, machineId, rollout.Percent)));
        return Task.FromResult((isNewest ? current : state.Settled) is not { } given ? null : new ReleaseAssignment
        {
            Release = given.Release,
            Manifest = given.Manifest,
            Version = given.Version,
            IsNewest = isNewest,
        });
    }

    private static IEnumerable<string> Offered(ReleaseChannelGrainState state) =>
        new[] { state.History.FirstOrDefault(), state.Settled }.OfType<ReleaseView>()
            .SelectMany(release => release.Artifacts).Select(artifact => artifact.Digest).Distinct();

    private async Task DescribeAsync(ReadOnlyMemory<byte> bytes, ReleaseView release)
    {
        foreach (ManifestArtifact artifact in BootManifest.Parse(bytes).Artifacts.Values)
        {
            await GrainFactory.GetGrain<IArtifactGrain>(artifact.Digest.ToString())
                .DescribeAsync(ReleaseRules.Describe(artifact, release.Manifest, Key));
        }
    }

    private RolloutView NewRollout(RolloutView before, ReleaseView release, ReleaseProposal proposal)
    {
        bool isFirst = before.MinimumBoots == 0;
        DateTimeOffset now = time.GetUtcNow();
        return new RolloutView
        {
            Release = release.Release,
            Percent = proposal.Percent ?? 100,
            HaltFailureRate = isFirst ? options.HaltFailureRate : before.HaltFailureRate,
            MinimumBoots = isFirst ? options.MinimumBoots : before.MinimumBoots,
            CountedFrom = now,
            ChangedAt = now,
            ChangedBy = proposal.Actor,
        };
    }

    private async Task<string> RequirePromotedAsync(ReleaseChannelKey key, string? from, ImmutableArray<ReleaseArtifact> artifacts)
    {
        ReleaseChannelKey source = ReleaseRules.RequireSource(key, from);
        ReleaseChannelView? other = await GrainFactory.GetGrain<IReleaseChannelGrain>(source.ToString()).GetAsync();
        ReleaseRules.RequireSame(artifacts, other?.Current, source.ToString());
        return source.Channel.ToString();
    }

    private TrustPolicy Trust()
    {
        (IEnumerable<string> keys, int threshold) = channel.State.TrustedKeys.IsDefaultOrEmpty
            ? (options.TrustedKeys, options.TrustThreshold)
            : (channel.State.TrustedKeys, channel.State.TrustThreshold);
        return ReleaseRules.RequireTrusted(keys, threshold, Key);
    }

    private ReleaseView RequireCurrent() =>
        Current ?? throw Refuse.NotFound($"Channel {Refuse.Quote(Key)} has no release; publish one first.");
}
