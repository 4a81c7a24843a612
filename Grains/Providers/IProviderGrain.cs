using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.Providers;

/// <summary>
/// A provider; its key is its node's key id (<see cref="ProviderKey"/>). Enrolment goes through <see cref="FleetAdmission"/>, which redeems
/// tickets and tokens first. The states and their rules are <see cref="ProviderState"/>'s.
/// </summary>
public interface IProviderGrain : IGrainWithStringKey
{
    /// <summary>
    /// The node enrols, or again with what changed. <paramref name="admission"/> is what the fleet's policy made of its ticket or token.
    /// </summary>
    Task<ProviderView> EnrolAsync(ProviderEnrolment enrolment, ProviderAdmission admission);

    /// <summary>
    /// Writes only when something changed or the last write is old enough. Call it through <see cref="ProviderHeartbeats.BeatAsync"/>,
    /// which answers the others from this silo's memory.
    /// </summary>
    /// <exception cref="FleetRefusedException">enrol-again; replayed: signed no later than a heartbeat that was written.</exception>
    Task<HeartbeatAnswer> HeartbeatAsync(ProviderHeartbeat heartbeat);

    /// <returns>The answer, where the heartbeat changes nothing that must be written now; null otherwise.</returns>
    [ReadOnly]
    Task<HeartbeatAnswer?> TryAnswerAsync(ProviderHeartbeat heartbeat);

    /// <summary>
    /// No new clients shall come. By the node itself, until it enrols again; by an operator, until <see cref="ReleaseAsync"/>.
    /// </summary>
    Task<ProviderView> DrainAsync(string actor);

    /// <summary>The operator lets a waiting provider in.</summary>
    Task<ProviderView> ApproveAsync(string actor);

    /// <summary>The operator takes it out; nothing the node does ends it.</summary>
    Task<ProviderView> QuarantineAsync(string actor, string reason);

    /// <summary>The operator ends a quarantine or a drain.</summary>
    Task<ProviderView> ReleaseAsync(string actor);

    /// <summary>The operator gives it more or fewer clients.</summary>
    /// <param name="weight">0 to <see cref="ProviderLimits.MaxWeight"/>.</param>
    /// <param name="actor">Key id of the operator.</param>
    Task<ProviderView> SetWeightAsync(double weight, string actor);

    /// <summary>
    /// Somebody says that this provider sent a bad chunk. Proof (its own receipt, or what a silo saw itself) quarantines it at once; the
    /// word of other providers does when enough of them say so and the fleet's policy isn't open.
    /// </summary>
    Task<MisbehaviourVerdict> ReportMisbehaviourAsync(MisbehaviourReport report);

    /// <summary>Missed heartbeats are made a state, long gone ones forgotten. Called by the housekeeping reminder.</summary>
    Task<ProviderState?> SweepAsync();

    /// <returns>Null where it never enrolled or was forgotten. The state is that of now, whether swept or not.</returns>
    [ReadOnly]
    Task<ProviderView?> GetAsync();
}

/// <summary>All providers.</summary>
public interface IProviderIndex
{
    /// <summary>By key.</summary>
    Task<FleetPage<ProviderView>> ListAsync(
        ProviderQuery query, int limit = 100, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>As they are now, whether swept or not.</summary>
    Task<IReadOnlyDictionary<ProviderState, long>> CountByStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Keys of providers whose silence is to be made a state, or that are to be forgotten.</summary>
    Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken = default);

    /// <summary>New ones that wait for approval or their first heartbeat.</summary>
    Task<long> CountJoiningAsync(CancellationToken cancellationToken = default);
}

/// <summary>Null: any.</summary>
public sealed record ProviderQuery
{
    /// <summary>
    /// As of the last sweep (a minute): a provider that just fell silent is still found as serving, and shown as suspect.
    /// </summary>
    public ProviderState? State { get; init; }

    /// <summary>The canonical name.</summary>
    public string? Arch { get; init; }

    public bool? AwaitsApproval { get; init; }
}
