using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Host;

/// <summary>
/// Remembers peers that could not be dialled, so that a dead one costs little. Bounded: at the limit the ripest entry goes.
/// </summary>
internal sealed class DialBackOff(ConnectionLimits limits, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (int Failures, DateTimeOffset Until)> _entries = [];

    /// <summary>How long the peer is still left alone; zero when it may be dialled.</summary>
    public TimeSpan Remaining(PeerId peer)
    {
        lock (_gate)
        {
            TimeSpan left = _entries.TryGetValue(peer, out (int Failures, DateTimeOffset Until) entry)
                ? entry.Until - time.GetUtcNow()
                : TimeSpan.Zero;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void Failed(PeerId peer)
    {
        lock (_gate)
        {
            int failures = _entries.TryGetValue(peer, out (int Failures, DateTimeOffset Until) entry) ? entry.Failures + 1 : 1;
            if (failures == 1 && _entries.Count >= limits.MaxKnownPeers)
            {
                _entries.Remove(_entries.MinBy(static pair => pair.Value.Until).Key);
            }
            double factor = Math.Pow(2, Math.Min(failures - 1, 20));
            TimeSpan pause = limits.DialBackOff * factor;
            pause = pause < limits.MaxDialBackOff ? pause : limits.MaxDialBackOff;
            // Up to a quarter of jitter, or all nodes that lost the same peer would come back to it together.
            pause += pause * (Random.Shared.NextDouble() / 4);
            _entries[peer] = (failures, time.GetUtcNow() + pause);
        }
    }

    public void Succeeded(PeerId peer)
    {
        lock (_gate)
        {
            _entries.Remove(peer);
        }
    }
}
