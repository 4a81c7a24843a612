using Microsoft.Extensions.Logging;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>
/// See <see cref="IBootSessionGrain"/>. A session ends as joined if it ever said so, else as failed if it ever said so; silence makes it
/// lost, and news ends that.
/// </summary>
internal sealed class BootSessionGrain(
    [PersistentState("boot")] IPersistentState<BootSessionGrainState> boot,
    FleetOptions options,
    IBootFeed feed,
    TimeProvider time,
    ILogger<BootSessionGrain> log)
    : Grain, IBootSessionGrain
{
    private const int MaxCreations = 8;

    private string Id => this.GetPrimaryKeyString();

    public async Task<BootCreated> CreateAsync(BootCreation creation)
    {
        (creation, ReleaseChannelKey channel) = BootInput.Require(Id, creation);
        BootSessionGrainState state = boot.State;
        bool isNew = !boot.RecordExists;
        if (!isNew && state.Creation.Owner != creation.Owner)
        {
            throw Refuse.Conflict(FleetRefusals.Taken, $"Boot {Id} belongs to another key; boot ids are random, mint another.");
        }

        if (state.Nonces.Contains(creation.Nonce))
        {
            throw Refuse.Conflict(FleetRefusals.Replayed, $"This request created boot {Id} already; sign a new one to get a new ticket.");
        }

        if (state.Nonces.Count >= MaxCreations)
        {
            throw Refuse.TooMany($"Boot {Id} was created {MaxCreations} times already.");
        }

        ReleaseAssignment? assigned = await GrainFactory.GetGrain<IReleaseChannelGrain>(channel.ToString()).AssignAsync(creation.MachineId);
        DateTimeOffset now = time.GetUtcNow();
        FleetSecret? ticket = state.Provider is null ? FleetSecret.NewTicket(Id) : null;
        state.Nonces.Add(creation.Nonce);
        if (ticket is not null)
        {
            (state.TicketHash, state.TicketExpires) = (ticket.Hash(), now + options.TicketLifetime);
        }

        if (isNew)
        {
            (state.Creation, state.Channel, state.Arch, state.MachineId) = (creation, creation.Channel, creation.Arch, creation.MachineId);
            (state.CreatedAt, state.UpdatedAt, state.Deadline) = (now, now, now + options.StuckAfterIn(BootPhase.Created));
            (state.Release, state.Phases) = (assigned?.Release, [new BootPhaseTime(BootPhase.Created, now, now)]);
            await feed.TellAsync(BootNews.Of(Id, state, "created"));
        }

        await boot.WriteStateAsync();
        if (isNew)
        {
            GrainsInstruments.BootReached(state.Phases, BootPhase.Created);
        }

        return new BootCreated(ticket?.ToString(), state.TicketExpires, assigned);
    }

    public async Task<BootSessionView> RecordAsync(string signer, ImmutableArray<BootEvent> events)
    {
        BootInput.Require(events);
        RequireSigner(signer);
        BootSessionGrainState state = boot.State;
        if (events.Any(told => told.Phase == BootPhase.Joined) && signer != state.Provider)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAllowed,
                $"Only the provider that redeemed the ticket of boot {Id} can say that it joined.");
        }

        DateTimeOffset now = time.GetUtcNow();
        (BootFacts facts, ImmutableArray<BootPhaseTime> phases, BootOutcome before) = (state.Facts, state.Phases, state.Outcome);
        BootPhase[] news = BootProgress.Merge(state, events, now, options);
        if (state.Facts == facts && state.Phases.SequenceEqual(phases))
        {
            return ViewAt(now);
        }

        foreach (BootPhase phase in news)
        {
            await feed.TellAsync(BootNews.Of(Id, state, phase.ToString().ToLowerInvariant()));
        }

        if (news.Length == 0)
        {
            await feed.TellAsync(BootNews.Of(Id, state, "progress"));
        }

        await boot.WriteStateAsync();
        Array.ForEach(news, phase => GrainsInstruments.BootReached(state.Phases, phase));
        if (state.Outcome != before && state.Outcome is BootOutcome.Joined or BootOutcome.Failed)
        {
            GrainsInstruments.BootEnded(state.Outcome, state.Reason, now - state.CreatedAt);
            log.BootEnded(Id, state.Outcome, state.Reason ?? "");
        }

        if (news.Contains(BootPhase.Verified))
        {
            GrainsInstruments.BootVerified(state.Facts.BytesTotal);
            await TellReplicasAsync(state);
        }

        return ViewAt(now);
    }

    public async Task RedeemTicketAsync(string secret, string provider)
    {
        Refuse.UnlessProvider(provider);
        BootSessionGrainState state = boot.State;
        if (!boot.RecordExists || !FleetSecret.Matches(secret, state.TicketHash))
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted,
                "The boot ticket is not one of this fleet, or a newer one took its place; boot again.");
        }

        if (state.Provider is { } redeemed)
        {
            if (redeemed == provider)
            {
                return;
            }

            throw Refuse.Forbidden(FleetRefusals.NotAdmitted,
                $"The ticket of boot {Id} was used by another provider; it is good for one. Boot again.");
        }

        DateTimeOffset now = time.GetUtcNow();
        if (now >= state.TicketExpires)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted, $"The ticket of boot {Id} expired at {state.TicketExpires:u}; boot again.");
        }

        (state.Provider, state.UpdatedAt) = (provider, now);
        await feed.TellAsync(BootNews.Of(Id, state, "enrolled"));
        await boot.WriteStateAsync();
    }

    public Task AppendLogAsync(string signer, string text)
    {
        RequireSigner(signer);
        return text is { Length: > 0 and <= BootLimits.MaxLogLength }
            ? GrainFactory.GetGrain<IBootLogGrain>(Id).AppendAsync(text)
            : throw Refuse.Invalid($"log: expected 1 to {BootLimits.MaxLogLength} characters, found {text?.Length ?? 0}.");
    }

    public Task<string> GetLogAsync() => GrainFactory.GetGrain<IBootLogGrain>(Id).GetAsync();

    public async Task<BootOutcome> AppendSpansAsync(string signer, ImmutableArray<BootSpan> spans)
    {
        BootSpanInput.Require(spans);
        RequireSigner(signer);
        await GrainFactory.GetGrain<IBootTraceGrain>(Id).AppendAsync(spans);
        return boot.State.Outcome;
    }

    public Task<ImmutableArray<BootSpan>> GetSpansAsync()
    {
        RequireExists();
        return GrainFactory.GetGrain<IBootTraceGrain>(Id).GetAsync();
    }

    public async Task SweepAsync()
    {
        if (!boot.RecordExists)
        {
            return;
        }

        BootSessionGrainState state = boot.State;
        DateTimeOffset now = time.GetUtcNow();
        if (now - state.CreatedAt >= options.KeepBootsFor)
        {
            await boot.ClearStateAsync();
            await GrainFactory.GetGrain<IBootLogGrain>(Id).ForgetAsync();
            await GrainFactory.GetGrain<IBootTraceGrain>(Id).ForgetAsync();
            return;
        }

        if (state.Outcome != BootOutcome.Running || state.Deadline is not { } deadline || now < deadline)
        {
            return;
        }

        bool isLost = now >= deadline + options.LostAfter;
        if (state.IsStuck && !isLost)
        {
            return;
        }

        state.IsStuck = true;
        if (isLost)
        {
            (state.Outcome, state.Reason, state.FinishedAt, state.IsStuck) = (BootOutcome.Lost, "silent", now, false);
        }

        await feed.TellAsync(BootNews.Of(Id, state, isLost ? "lost" : "stuck"));
        await boot.WriteStateAsync();
        if (isLost)
        {
            GrainsInstruments.BootEnded(state.Outcome, state.Reason, now - state.CreatedAt);
            log.BootEnded(Id, state.Outcome, $"silent since {state.UpdatedAt:u} in phase {state.Phase}");
        }
    }

    public Task<BootSessionView?> GetAsync() => Task.FromResult(boot.RecordExists ? ViewAt(time.GetUtcNow()) : null);

    private BootSessionView ViewAt(DateTimeOffset now) => BootNews.ViewOf(Id, boot.State, now);

    private void RequireExists()
    {
        if (!boot.RecordExists)
        {
            throw Refuse.NotFound($"There is no boot {Refuse.Quote(Id)}, or it was forgotten.");
        }
    }

    private void RequireSigner(string signer)
    {
        RequireExists();
        if (signer != boot.State.Creation.Owner && signer != boot.State.Provider)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAllowed,
                $"Boot {Id} takes events signed by the key that created it or the provider it became; {Refuse.Quote(signer)} is neither.");
        }
    }

    /// <summary>What was fetched and verified speaks for those it came from, as far as they named themselves by key.</summary>
    private async Task TellReplicasAsync(BootSessionGrainState state)
    {
        string[] providers = [.. state.Facts.Sources.Select(source => source.Name).Where(ProviderKey.IsValid)];
        if (providers.Length == 0 || state.Facts.Manifest?.Manifest is not { } manifest
            || await GrainFactory.GetGrain<IReleaseChannelGrain>($"{state.Channel}/{state.Arch}").FindAsync(manifest) is not { } release)
        {
            return;
        }

        foreach (ReplicaKey key in from provider in providers
                                   from artifact in release.Artifacts
                                   select new ReplicaKey(Manifests.Naming.Sha256Digest.Parse(artifact.Digest), provider))
        {
            IReplicaGrain replica = GrainFactory.GetGrain<IReplicaGrain>(key.ToString());
            if ((await replica.GetAsync())?.Standing == ReplicaStanding.Reported)
            {
                await replica.VerifyAsync($"boot {Id}");
            }
        }
    }
}
