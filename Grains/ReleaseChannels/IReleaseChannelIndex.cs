namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>All release channels.</summary>
public interface IReleaseChannelIndex
{
    /// <summary>By key.</summary>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="after">The <see cref="Fleet.FleetPage{T}.Next"/> of the page before.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<Fleet.FleetPage<ReleaseChannelView>> ListAsync(int limit = 100, string? after = null,
        CancellationToken cancellationToken = default);
}
