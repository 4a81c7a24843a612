using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.Artifacts;

/// <summary>What a replica grain keeps.</summary>
[GenerateSerializer]
internal sealed class ReplicaGrainState
{
    [Id(0)]
    [GrainField]
    public string Artifact { get; set; } = "";

    [Id(1)]
    [GrainField]
    public string Provider { get; set; } = "";

    [Id(2)]
    [GrainField]
    public ReplicaStanding Standing { get; set; } = ReplicaStanding.Withdrawn;

    [Id(3)]
    public DateTimeOffset Since { get; set; }

    [Id(4)]
    public DateTimeOffset FirstReportedAt { get; set; }

    [Id(5)]
    public string? Evidence { get; set; }

    /// <summary>It counts until then, so that a provider whose silo died before it withdrew doesn't count for ever.</summary>
    [Id(6)]
    [GrainField]
    public DateTimeOffset OfferedUntil { get; set; }

    /// <summary>Verified by another once; what it goes back to when it is offered again.</summary>
    [Id(7)]
    public bool WasVerified { get; set; }
}

/// <summary>See <see cref="IReplicaGrain"/>.</summary>
internal sealed class ReplicaGrain(
    [PersistentState("replica")] IPersistentState<ReplicaGrainState> replica, FleetOptions options, TimeProvider time)
    : Grain, IReplicaGrain
{
    private const int MaxEvidenceLength = 512;

    public async Task ReportAsync()
    {
        ReplicaKey key = RequireKey();
        ReplicaGrainState state = replica.State;
        DateTimeOffset now = time.GetUtcNow();
        if (state.Standing == ReplicaStanding.Refuted
            || (state.Standing != ReplicaStanding.Withdrawn && state.OfferedUntil - now > options.ReplicaLease * (2.0 / 3)))
        {
            return;
        }

        (state.Artifact, state.Provider) = (key.Artifact.ToString(), key.Provider);
        if (state.Standing == ReplicaStanding.Withdrawn)
        {
            Enter(state.WasVerified ? ReplicaStanding.Verified : ReplicaStanding.Reported, now);
        }

        state.FirstReportedAt = replica.RecordExists ? state.FirstReportedAt : now;
        state.OfferedUntil = now + options.ReplicaLease;
        await replica.WriteStateAsync();
    }

    public async Task VerifyAsync(string witness)
    {
        Refuse.UnlessText(witness, MaxEvidenceLength, "witness");
        if (replica.State.Standing != ReplicaStanding.Reported)
        {
            return;
        }

        (replica.State.WasVerified, replica.State.Evidence) = (true, witness);
        Enter(ReplicaStanding.Verified, time.GetUtcNow());
        await replica.WriteStateAsync();
    }

    public async Task RefuteAsync(string reason)
    {
        ReplicaKey key = RequireKey();
        Refuse.UnlessText(reason, MaxEvidenceLength, "reason");
        (replica.State.Artifact, replica.State.Provider) = (key.Artifact.ToString(), key.Provider);
        (replica.State.WasVerified, replica.State.Evidence) = (false, reason);
        Enter(ReplicaStanding.Refuted, time.GetUtcNow());
        await replica.WriteStateAsync();
    }

    public async Task WithdrawAsync()
    {
        if (replica.State.Standing is ReplicaStanding.Reported or ReplicaStanding.Verified)
        {
            Enter(ReplicaStanding.Withdrawn, time.GetUtcNow());
            await replica.WriteStateAsync();
        }
    }

    public async Task ForgiveAsync()
    {
        if (replica.State.Standing == ReplicaStanding.Refuted)
        {
            replica.State.Evidence = null;
            Enter(ReplicaStanding.Withdrawn, time.GetUtcNow());
            await replica.WriteStateAsync();
        }
    }

    public async Task ForgetAsync()
    {
        if (replica.RecordExists)
        {
            await replica.ClearStateAsync();
        }
    }

    public Task<ReplicaView?> GetAsync() => Task.FromResult(replica.RecordExists ? ViewOf(replica.State) : null);

    internal static ReplicaView ViewOf(ReplicaGrainState state) => new()
    {
        Artifact = state.Artifact,
        Provider = state.Provider,
        Standing = state.Standing,
        Since = state.Since,
        FirstReportedAt = state.FirstReportedAt,
        Evidence = state.Evidence,
    };

    private void Enter(ReplicaStanding standing, DateTimeOffset now) => (replica.State.Standing, replica.State.Since) = (standing, now);

    private ReplicaKey RequireKey() => ReplicaKey.TryParse(this.GetPrimaryKeyString(), out ReplicaKey key)
        ? key
        : throw Refuse.Invalid(
            $"Expected an artifact's digest, a slash and a provider's key id, found {Refuse.Quote(this.GetPrimaryKeyString())}.");
}
