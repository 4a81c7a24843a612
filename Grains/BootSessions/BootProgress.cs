using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>
/// Events into a session's state. The same events in any order, any number of times, make the same phases, times, facts and outcome.
/// </summary>
internal static class BootProgress
{
    /// <returns>Phases that were not known before, in order.</returns>
    internal static BootPhase[] Merge(BootSessionGrainState state, ImmutableArray<BootEvent> events, DateTimeOffset now,
        FleetOptions options)
    {
        Dictionary<BootPhase, BootPhaseTime> phases = state.Phases.ToDictionary(known => known.Phase);
        (BootFacts facts, List<BootPhase> news) = (state.Facts, []);
        foreach (BootEvent told in events)
        {
            facts = facts.With(told);
            if (!phases.TryGetValue(told.Phase, out BootPhaseTime? known))
            {
                phases[told.Phase] = new BootPhaseTime(told.Phase, told.At, now);
                news.Add(told.Phase);
            }
            else if (told.At < known.At)
            {
                phases[told.Phase] = known with { At = told.At };
            }
        }

        bool isNews = facts != state.Facts || news.Count > 0;
        state.Facts = facts;
        state.Phases = [.. phases.Values.OrderBy(phase => phase.Phase)];
        state.Release = facts.Manifest?.Release ?? state.Release;
        state.Source = facts.Sources.IsEmpty ? state.Source : facts.Sources[0].Name;
        if (isNews)
        {
            Conclude(state, now, options);
        }

        return [.. news.Order()];
    }

    private static void Conclude(BootSessionGrainState state, DateTimeOffset now, FleetOptions options)
    {
        state.UpdatedAt = now;
        bool hasJoined = Has(BootPhase.Joined);
        bool hasFailed = Has(BootPhase.Failed);
        state.Phase = hasJoined ? BootPhase.Joined : hasFailed ? BootPhase.Failed : state.Phases[^1].Phase;
        state.Outcome = hasJoined ? BootOutcome.Joined : hasFailed ? BootOutcome.Failed : BootOutcome.Running;
        state.Reason = hasFailed && !hasJoined ? state.Facts.Failure?.Reason ?? "unknown" : null;
        state.IsStuck = false;
        if (state.Outcome == BootOutcome.Running)
        {
            (state.FinishedAt, state.Deadline) = (null, now + options.StuckAfterIn(state.Phase));
        }
        else
        {
            (state.FinishedAt, state.Deadline) = (state.Phases.First(phase => phase.Phase == state.Phase).ReceivedAt, null);
        }

        bool Has(BootPhase phase) => state.Phases.Any(known => known.Phase == phase);
    }
}
