using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>
/// A release channel for one architecture; its key is <c>stable/x86_64</c> (<see cref="ReleaseChannelKey"/>). Refusals are
/// <see cref="FleetRefusedException"/>. New releases go through <see cref="ReleasePublisher"/>, which stores the manifest's bytes first.
/// </summary>
public interface IReleaseChannelGrain : IGrainWithStringKey
{
    /// <summary>All checks of <see cref="PublishAsync"/> without publishing.</summary>
    [ReadOnly]
    Task<ReleaseView> CheckAsync(ReleaseProposal proposal);

    /// <summary>
    /// Makes a signed manifest the channel's newest release. Trusted signatures, this channel and architecture, not expired, a release
    /// number higher than any before, its bytes stored; a promotion or roll-back also repeats exactly the artifacts it claims to.
    /// Publishing the newest release again changes nothing.
    /// </summary>
    Task<ReleaseView> PublishAsync(ReleaseProposal proposal);

    /// <summary>Changes what is given, leaves the rest. Going on after a pause or halt counts boots anew.</summary>
    Task<RolloutView> SetRolloutAsync(RolloutChange change);

    /// <summary>Whose signatures count here from now on, in place of the silo's configured keys. None: the configured ones again.</summary>
    Task SetTrustAsync(ReleaseChannelTrust trust);

    /// <summary>
    /// Compares the newest release's failure rate with its limit and halts the rollout above it. Called by the housekeeping reminder too.
    /// </summary>
    Task<RolloutView> EvaluateRolloutAsync();

    /// <summary>
    /// Tells artifacts and manifests again what this channel offers, in case a silo died before it did. Called by the housekeeping
    /// reminder.
    /// </summary>
    Task RetellAsync();

    /// <returns>Null where nothing was ever published.</returns>
    [ReadOnly]
    Task<ReleaseChannelView?> GetAsync();

    /// <summary>Newest first.</summary>
    /// <param name="limit">1 to <see cref="ReleaseChannelLimits.MaxHistory"/>.</param>
    [ReadOnly]
    Task<ImmutableArray<ReleaseView>> GetHistoryAsync(int limit);

    /// <summary>The remembered release with this manifest.</summary>
    /// <param name="manifest">Digest of its bytes.</param>
    /// <returns>Null where it isn't remembered.</returns>
    [ReadOnly]
    Task<ReleaseView?> FindAsync(string manifest);

    /// <summary>
    /// The release a machine shall boot. The same machine gets the same answer as long as release and rollout stay, and keeps the newest
    /// release when the percentage grows.
    /// </summary>
    /// <param name="machineId">Null or empty: a machine without a name, which gets the newest release only when everyone does.</param>
    /// <returns>Null where there is none for it.</returns>
    [ReadOnly]
    Task<ReleaseAssignment?> AssignAsync(string? machineId);
}
