using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.Providers;

/// <summary>The transitions of <see cref="ProviderState"/>, as functions of the state and what happened.</summary>
internal static class ProviderRules
{
    /// <summary>What silence makes of it.</summary>
    internal static ProviderState Silent(ProviderState state, TimeSpan silence, FleetOptions options) => state switch
    {
        ProviderState.Quarantined or ProviderState.Gone => state,
        _ when silence >= options.GoneAfter => ProviderState.Gone,
        ProviderState.Serving when silence >= options.SuspectAfter => ProviderState.Suspect,
        _ => state,
    };

    /// <summary>What a heartbeat makes of it; a gone one must enrol again.</summary>
    internal static ProviderState Heard(ProviderState state, bool isAdmitted, ProviderHealth health) => state switch
    {
        ProviderState.Joining when !isAdmitted => ProviderState.Joining,
        ProviderState.Joining when health == ProviderHealth.Failing => ProviderState.Joining,
        ProviderState.Joining => ProviderState.Serving,
        ProviderState.Serving or ProviderState.Suspect => health == ProviderHealth.Failing ? ProviderState.Suspect : ProviderState.Serving,
        _ => state,
    };

    /// <summary>What enrolling makes of a provider that is not quarantined; null: it was never here.</summary>
    internal static ProviderState Enrolled(ProviderState? state, bool isDrainedByOperator) => state switch
    {
        ProviderState.Draining or ProviderState.Gone when isDrainedByOperator => ProviderState.Draining,
        ProviderState.Serving => ProviderState.Serving,
        ProviderState.Quarantined => ProviderState.Quarantined,
        _ => ProviderState.Joining,
    };

    /// <summary>Null: it can't be drained from there.</summary>
    internal static ProviderState? Drained(ProviderState state) => state switch
    {
        ProviderState.Joining or ProviderState.Serving or ProviderState.Suspect or ProviderState.Draining => ProviderState.Draining,
        _ => null,
    };

    /// <summary>Whether its replicas count.</summary>
    internal static bool Offers(ProviderState state) => state is ProviderState.Serving or ProviderState.Suspect;

    /// <summary>Every step that may ever be seen, for the tests and docs/grains.md.</summary>
    internal static bool Allows(ProviderState before, ProviderState after) => before == after || (before, after) switch
    {
        (_, ProviderState.Quarantined) => true,
        (ProviderState.Quarantined, ProviderState.Joining or ProviderState.Gone) => true,
        (ProviderState.Quarantined, _) => false,
        (_, ProviderState.Gone) => true,
        (ProviderState.Joining, ProviderState.Serving or ProviderState.Draining) => true,
        (ProviderState.Serving, ProviderState.Suspect or ProviderState.Draining) => true,
        (ProviderState.Suspect, ProviderState.Serving or ProviderState.Draining or ProviderState.Joining) => true,
        (ProviderState.Draining, ProviderState.Joining) => true,
        (ProviderState.Gone, ProviderState.Joining or ProviderState.Draining) => true,
        _ => false,
    };
}
