using PhaseMesh.Silo.Health;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <summary>Bounds the calls that wait for news, and ends them when this silo drains.</summary>
internal sealed class FollowerGate(ProviderLifecycle lifecycle)
{
    public const int MaxFollowers = 512;

    private int _followers;

    public CancellationToken Ending => lifecycle.Draining;

    /// <returns>Null where there are too many.</returns>
    public Place? TryEnter()
    {
        if (Interlocked.Increment(ref _followers) <= MaxFollowers)
        {
            return new Place(this);
        }

        Interlocked.Decrement(ref _followers);
        return null;
    }

    public sealed class Place(FollowerGate gate) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate._followers);
    }
}
