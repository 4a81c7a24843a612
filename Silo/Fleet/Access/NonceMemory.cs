using PhaseMesh.Manifests.Requests;

namespace PhaseMesh.Silo.Fleet.Access;

/// <summary>
/// Nonces this silo saw, in two generations of which the older is dropped when it is too old to pass the window, or when the younger is
/// full. A flood can thus shorten the memory: so calls that must count once are remembered in the storage as well.
/// </summary>
internal sealed class NonceMemory(TimeProvider clock)
{
    /// <summary>Of one generation; some 150 bytes each.</summary>
    private const int MaxRemembered = 100_000;

    private readonly Lock _lock = new();
    private HashSet<(string Key, string Nonce)> _younger = [];
    private HashSet<(string Key, string Nonce)> _older = [];
    private long _began = clock.GetTimestamp();

    /// <returns>False when it was seen before.</returns>
    public bool TryAdd(string key, string nonce)
    {
        lock (_lock)
        {
            if (_younger.Count >= MaxRemembered || clock.GetElapsedTime(_began) > 2 * RequestSignature.Window)
            {
                (_older, _younger, _began) = (_younger, [], clock.GetTimestamp());
            }

            return !_older.Contains((key, nonce)) && _younger.Add((key, nonce));
        }
    }
}
