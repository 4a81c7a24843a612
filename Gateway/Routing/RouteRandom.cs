namespace PhaseMesh.Gateway.Routing;

/// <summary>SplitMix64: one interlocked addition a number, so threads share it without a lock, and a seed replays a run.</summary>
internal sealed class RouteRandom(ulong seed)
{
    private ulong _state = seed;

    /// <returns>0 to <paramref name="bound"/> - 1, near enough uniform for bounds as small as ours.</returns>
    public int Below(int bound)
    {
        ulong z = Interlocked.Add(ref _state, 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)(((z ^ (z >> 31)) >> 32) * (ulong)bound >> 32);
    }
}
