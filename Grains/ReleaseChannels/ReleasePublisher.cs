using PhaseMesh.Grains.Fleet;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>
/// Publishes: 1. the channel checks the proposal, 2. the manifest's bytes are stored under their digest, 3. the channel publishes. A silo
/// that dies in between leaves bytes that nobody refers to, never a release without bytes.
/// </summary>
public sealed class ReleasePublisher(IGrainFactory grains)
{
    /// <exception cref="FleetRefusedException">As <see cref="IReleaseChannelGrain.PublishAsync"/>.</exception>
    public async Task<ReleaseView> PublishAsync(ReleaseChannelKey channel, ReleaseProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        IReleaseChannelGrain target = grains.GetGrain<IReleaseChannelGrain>(channel.ToString());
        await target.CheckAsync(proposal);
        await grains.GetGrain<IManifestGrain>(Sha256Digest.Compute(proposal.Manifest.Span).ToString()).StoreAsync(proposal.Manifest);
        return await target.PublishAsync(proposal);
    }
}
