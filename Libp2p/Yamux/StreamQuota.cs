namespace PhaseMesh.Libp2p.Yamux;

/// <summary>A number of streams that several connections share: those of a peer, and through the parent those of the host.</summary>
internal sealed class StreamQuota(int limit, StreamQuota? parent = null)
{
    private int _taken;

    public int Taken => Volatile.Read(ref _taken);

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= limit && parent?.TryTake() != false)
        {
            return true;
        }
        Interlocked.Decrement(ref _taken);
        return false;
    }

    public void Return()
    {
        Interlocked.Decrement(ref _taken);
        parent?.Return();
    }
}
