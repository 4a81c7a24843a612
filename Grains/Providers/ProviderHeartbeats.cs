namespace PhaseMesh.Grains.Providers;

/// <summary>How heartbeats reach their grain.</summary>
public static class ProviderHeartbeats
{
    /// <summary>Most heartbeats change nothing and are answered from this silo's memory; the others take a turn.</summary>
    /// <exception cref="Fleet.FleetRefusedException">As <see cref="IProviderGrain.HeartbeatAsync"/>.</exception>
    public static async Task<HeartbeatAnswer> BeatAsync(this IProviderGrain provider, ProviderHeartbeat heartbeat)
    {
        ArgumentNullException.ThrowIfNull(provider);
        return await provider.TryAnswerAsync(heartbeat) ?? await provider.HeartbeatAsync(heartbeat);
    }
}
