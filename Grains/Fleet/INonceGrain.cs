namespace PhaseMesh.Grains.Fleet;

/// <summary>
/// Signed requests of one key that were acted on; its key is the key id. Makes a request that changes something count once on all silos
/// together. For operators' requests, enrolments and reports; heartbeats and boot events need none, as repeating them changes nothing.
/// </summary>
public interface INonceGrain : IGrainWithStringKey
{
    /// <summary>Requests of one key within the window.</summary>
    const int MaxRemembered = 1024;

    /// <summary>Remembers it.</summary>
    /// <param name="nonce">Of the request.</param>
    /// <param name="signedAt">Of the request; must be within the window.</param>
    /// <exception cref="FleetRefusedException">replayed: seen before, or outside the window; too-many.</exception>
    Task UseAsync(string nonce, DateTimeOffset signedAt);

    /// <summary>Forgets what is outside the window. Called by the housekeeping reminder.</summary>
    Task SweepAsync();
}

/// <summary>For the housekeeping.</summary>
public interface INonceIndex
{
    /// <summary>Keys whose remembered requests are all outside the window.</summary>
    Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken = default);
}
