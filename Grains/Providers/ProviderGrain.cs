using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.Providers;

/// <summary>See <see cref="IProviderGrain"/>; the transitions are <see cref="ProviderRules"/>. Misbehaviour is in the other part.</summary>
internal sealed partial class ProviderGrain(
    [PersistentState("provider")] IPersistentState<ProviderGrainState> provider,
    FleetOptions options,
    IProviderIndex index,
    TimeProvider time,
    ILogger<ProviderGrain> log)
    : Grain, IProviderGrain
{
    private string Key => this.GetPrimaryKeyString();

    public async Task<ProviderView> EnrolAsync(ProviderEnrolment enrolment, ProviderAdmission admission)
    {
        Refuse.UnlessProvider(Key);
        enrolment = ProviderInput.Require(enrolment);
        ProviderGrainState state = provider.State;
        DateTimeOffset now = time.GetUtcNow();
        ProviderState? before = provider.RecordExists ? StateAt(now) : null;
        if (before == ProviderState.Quarantined)
        {
            throw Refuse.Forbidden(FleetRefusals.Quarantined, $"{Key} is quarantined: {state.Reason} An operator must release it first.");
        }

        bool isAdmitted = state.IsAdmitted
            || admission.Kind is AdmissionKind.Open or AdmissionKind.Ticket or AdmissionKind.Token or AdmissionKind.Silo;
        if (!isAdmitted && admission.Kind != AdmissionKind.Approval)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted,
                $"{Key} brought nothing that lets it in and was not here before; the fleet asks for a boot ticket or a join token.");
        }

        if (before is null && admission.Kind is AdmissionKind.Open or AdmissionKind.Approval
            && await index.CountJoiningAsync() >= options.MaxJoining)
        {
            throw Refuse.TooMany($"{options.MaxJoining} new providers wait already; try again later, or bring a join token.");
        }

        ImmutableArray<string> offeredBefore = OfferedAt(before);
        Enter(ProviderRules.Enrolled(before, state.IsDrainedByOperator), before,
            isAdmitted ? "enrolled" : "enrolled; waits for an operator's approval", now);
        (state.Enrolment, state.Arch, state.Replicas) = (enrolment, enrolment.Arch, enrolment.Replicas);
        if (!state.IsAdmitted || admission.Kind is not (AdmissionKind.Known or AdmissionKind.Approval))
        {
            state.Admission = admission;
        }

        (state.IsAdmitted, state.LastSeenAt, state.EnrolledAt, state.ReplicasToldAt) = (isAdmitted, now, now, now);
        await provider.WriteStateAsync();

        log.Enrolled(Key, admission.Kind, admission.Reference, state.State);
        await TellReplicasAsync(offeredBefore, OfferedAt(state.State), isComplete: true);
        return ViewAt(now);
    }

    public Task<HeartbeatAnswer?> TryAnswerAsync(ProviderHeartbeat heartbeat)
    {
        ProviderInput.Require(heartbeat);
        bool isNothingNew = provider.RecordExists && !IsToBeWritten(heartbeat, time.GetUtcNow()) && !IsReplayed(heartbeat);
        return Task.FromResult(isNothingNew ? Answer() : null);
    }

    public async Task<HeartbeatAnswer> HeartbeatAsync(ProviderHeartbeat heartbeat)
    {
        ProviderInput.Require(heartbeat);
        ProviderGrainState state = provider.State;
        DateTimeOffset now = time.GetUtcNow();
        ProviderState before = RequireEnrolled(now);
        if (IsReplayed(heartbeat))
        {
            throw Refuse.Conflict(FleetRefusals.Replayed,
                $"The heartbeat was signed at {heartbeat.SignedAt:u}, no later than one of {state.HeartbeatSignedAt:u} that counted "
                    + $"already; it is an old one.");
        }

        if (!IsToBeWritten(heartbeat, now))
        {
            return Answer();
        }

        ImmutableArray<string> offeredBefore = OfferedAt(state.State);
        ProviderState after = ProviderRules.Heard(before, state.IsAdmitted, heartbeat.Health);
        Enter(after, state.State, after == ProviderState.Suspect ? "it says that it fails" : "its heartbeats come", now);
        (state.Load, state.Health, state.LastSeenAt, state.HeartbeatSignedAt) = (heartbeat.Load, heartbeat.Health, now, heartbeat.SignedAt);
        state.Replicas = heartbeat.Replicas is { } replicas ? ProviderInput.RequireReplicas(replicas) : state.Replicas;
        bool isComplete = now - state.ReplicasToldAt >= options.ReplicaLease / 3;
        state.ReplicasToldAt = isComplete ? now : state.ReplicasToldAt;
        await provider.WriteStateAsync();
        await TellReplicasAsync(offeredBefore, OfferedAt(state.State), isComplete);
        return Answer();
    }

    public async Task<ProviderView> DrainAsync(string actor)
    {
        Refuse.UnlessText(actor, Refuse.MaxActorLength, "actor");
        DateTimeOffset now = time.GetUtcNow();
        ProviderState before = RequireEnrolled(now);
        if (ProviderRules.Drained(before) is not { } after)
        {
            throw Refuse.Conflict(FleetRefusals.WrongState, $"{Key} is {before}; only one that joins or serves can be drained.");
        }

        provider.State.IsDrainedByOperator |= actor != Key;
        return await ChangeAsync(after, $"drained by {(actor == Key ? "itself" : actor)}", now);
    }

    public async Task<ProviderView> ApproveAsync(string actor)
    {
        Refuse.UnlessText(actor, Refuse.MaxActorLength, "actor");
        DateTimeOffset now = time.GetUtcNow();
        RequireRecord();
        if (provider.State.IsAdmitted)
        {
            return ViewAt(now);
        }

        (provider.State.IsAdmitted, provider.State.Admission) = (true, new ProviderAdmission(AdmissionKind.Approval, actor));
        return await ChangeAsync(StateAt(now), $"approved by {actor}; its first heartbeat is awaited", now);
    }

    public async Task<ProviderView> QuarantineAsync(string actor, string reason)
    {
        Refuse.UnlessText(actor, Refuse.MaxActorLength, "actor");
        Refuse.UnlessText(reason, ProviderLimits.MaxReasonLength, "reason");
        RequireRecord();
        ProviderView view = await ChangeAsync(ProviderState.Quarantined, $"by {actor}: {reason}", time.GetUtcNow());
        log.Quarantined(Key, view.Reason);
        return view;
    }

    public async Task<ProviderView> ReleaseAsync(string actor)
    {
        Refuse.UnlessText(actor, Refuse.MaxActorLength, "actor");
        RequireRecord();
        ProviderGrainState state = provider.State;
        DateTimeOffset now = time.GetUtcNow();
        if (StateAt(now) is not (ProviderState.Quarantined or ProviderState.Draining) && !state.IsDrainedByOperator)
        {
            throw Refuse.Conflict(FleetRefusals.WrongState, $"{Key} is {StateAt(now)}; only a quarantined or drained one can be released.");
        }

        string[] accused = [.. state.Accusations.Select(accusation => accusation.Artifact).Distinct()];
        (state.IsDrainedByOperator, state.IsAdmitted) = (false, true);
        state.Accusations.Clear();
        ProviderState after = ProviderRules.Silent(ProviderState.Joining, now - state.LastSeenAt, options);
        ProviderView view = await ChangeAsync(after, $"released by {actor}", now);
        foreach (string artifact in accused)
        {
            await GrainFactory.GetGrain<IReplicaGrain>($"{artifact}/{Key}").ForgiveAsync();
        }

        return view;
    }

    public async Task<ProviderView> SetWeightAsync(double weight, string actor)
    {
        Refuse.UnlessText(actor, Refuse.MaxActorLength, "actor");
        RequireRecord();
        if (weight is not (>= 0 and <= ProviderLimits.MaxWeight))
        {
            throw Refuse.Invalid($"weight: expected 0 to {ProviderLimits.MaxWeight}, found {weight}.");
        }

        if (provider.State.Weight.Equals(weight))
        {
            return ViewAt(time.GetUtcNow());
        }

        provider.State.Weight = weight;
        await provider.WriteStateAsync();
        return ViewAt(time.GetUtcNow());
    }

    public async Task<ProviderState?> SweepAsync()
    {
        if (!provider.RecordExists)
        {
            return null;
        }

        DateTimeOffset now = time.GetUtcNow();
        ProviderGrainState state = provider.State;
        if (state.State == ProviderState.Gone && now - state.LastSeenAt >= options.ForgetProvidersAfter)
        {
            ImmutableArray<string> replicas = state.Replicas;
            await provider.ClearStateAsync();
            foreach (string artifact in replicas)
            {
                await GrainFactory.GetGrain<IReplicaGrain>($"{artifact}/{Key}").ForgetAsync();
            }

            return null;
        }

        ProviderState after = StateAt(now);
        return after == state.State ? after : (await ChangeAsync(after, $"silent since {state.LastSeenAt:u}", now)).State;
    }

    public Task<ProviderView?> GetAsync() => Task.FromResult(provider.RecordExists ? ViewAt(time.GetUtcNow()) : null);

    internal static ProviderView ViewOf(string key, ProviderGrainState state, DateTimeOffset now, FleetOptions options)
    {
        ProviderState shown = ProviderRules.Silent(state.State, now - state.LastSeenAt, options);
        return new ProviderView
        {
            Key = key,
            State = shown,
            Reason = shown == state.State ? state.Reason : $"silent since {state.LastSeenAt:u}",
            StateSince = state.StateSince,
            Addresses = state.Enrolment.Addresses,
            Urls = state.Enrolment.Urls,
            Arch = state.Arch,
            Capabilities = state.Enrolment.Capabilities,
            Replicas = state.Replicas,
            Load = state.Load,
            Health = state.Health,
            LastSeenAt = state.LastSeenAt,
            EnrolledAt = state.EnrolledAt,
            Admission = state.Admission.Kind,
            AdmissionReference = state.Admission.Reference,
            AwaitsApproval = !state.IsAdmitted,
            Name = state.Enrolment.Name,
            Accusations = [.. state.Accusations],
            Weight = state.Weight,
        };
    }

    /// <summary>Changes of the load count when they are large: half as much again, or by more than 8 requests.</summary>
    private static bool IsOtherLoad(ProviderLoad one, ProviderLoad other) =>
        Math.Abs(one.RequestsInFlight - other.RequestsInFlight) > Math.Max(8, one.RequestsInFlight / 2)
        || one.CapacityBytesPerSecond != other.CapacityBytesPerSecond;

    private bool IsToBeWritten(ProviderHeartbeat heartbeat, DateTimeOffset now)
    {
        ProviderGrainState state = provider.State;
        return StateAt(now) != state.State
            || ProviderRules.Heard(state.State, state.IsAdmitted, heartbeat.Health) != state.State
            || heartbeat.Health != state.Health
            || (heartbeat.Replicas is { } replicas && !ProviderInput.RequireReplicas(replicas).SequenceEqual(state.Replicas))
            || now - state.LastSeenAt >= options.PersistHeartbeatEvery
            || IsOtherLoad(state.Load, heartbeat.Load);
    }

    private bool IsReplayed(ProviderHeartbeat heartbeat) => heartbeat.SignedAt <= provider.State.HeartbeatSignedAt;

    private HeartbeatAnswer Answer() => new(provider.State.State, (int)options.HeartbeatPeriod.TotalSeconds);

    private ProviderState StateAt(DateTimeOffset now) =>
        ProviderRules.Silent(provider.State.State, now - provider.State.LastSeenAt, options);

    private ProviderView ViewAt(DateTimeOffset now) => ViewOf(Key, provider.State, now, options);

    private ImmutableArray<string> OfferedAt(ProviderState? state) =>
        state is { } known && ProviderRules.Offers(known) ? provider.State.Replicas : [];

    private void RequireRecord()
    {
        if (!provider.RecordExists)
        {
            throw Refuse.NotFound($"No provider {Refuse.Quote(Key)} is enrolled.");
        }
    }

    private ProviderState RequireEnrolled(DateTimeOffset now) =>
        provider.RecordExists && StateAt(now) is var state && state != ProviderState.Gone
            ? state
            : throw Refuse.Conflict(FleetRefusals.EnrolAgain, $"{Refuse.Quote(Key)} is not enrolled, or was silent too long; enrol again.");

    private void Enter(ProviderState after, ProviderState? before, string reason, DateTimeOffset now)
    {
        if (after != before || !provider.RecordExists)
        {
            (provider.State.State, provider.State.Reason, provider.State.StateSince) = (after, reason, now);
        }
    }

    /// <summary>Writes a state with its reason, then tells the replicas.</summary>
    private async Task<ProviderView> ChangeAsync(ProviderState after, string reason, DateTimeOffset now)
    {
        ProviderState before = provider.State.State;
        ImmutableArray<string> offeredBefore = OfferedAt(before);
        (provider.State.State, provider.State.Reason) = (after, reason);
        provider.State.StateSince = after == before ? provider.State.StateSince : now;
        await provider.WriteStateAsync();
        log.ProviderChanged(Key, before, after, reason);
        await TellReplicasAsync(offeredBefore, OfferedAt(after), isComplete: false);
        return ViewAt(now);
    }

    private async Task TellReplicasAsync(ImmutableArray<string> before, ImmutableArray<string> after, bool isComplete)
    {
        foreach (string artifact in isComplete ? after : after.Except(before))
        {
            await GrainFactory.GetGrain<IReplicaGrain>($"{artifact}/{Key}").ReportAsync();
        }

        foreach (string artifact in before.Except(after))
        {
            await GrainFactory.GetGrain<IReplicaGrain>($"{artifact}/{Key}").WithdrawAsync();
        }
    }
}
