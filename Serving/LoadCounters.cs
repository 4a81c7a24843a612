namespace PhaseMesh.Serving;

/// <summary>What the provider is busy with.</summary>
public sealed class LoadCounters
{
    private readonly long[] _answers = new long[6];
    private long _bytesSent;
    private long _peerBytesSent;
    private long _kernelSlices;
    private int _connections;
    private int _requests;

    public int Connections => Volatile.Read(ref _connections);

    public int RequestsInFlight => Volatile.Read(ref _requests);

    /// <summary>Bytes of artifacts since the start.</summary>
    public long TotalBytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Of these, what went by another way than HTTP.</summary>
    public long BytesSentToPeers => Interlocked.Read(ref _peerBytesSent);

    /// <summary>Slices of files sent without passing through this process; 0 where the system cannot.</summary>
    public long SlicesSentByKernel => Interlocked.Read(ref _kernelSlices);

    public void SliceSentByKernel() => Interlocked.Increment(ref _kernelSlices);

    public void BytesSent(int countBytes) => Interlocked.Add(ref _bytesSent, countBytes);

    public void BytesSentToPeer(int countBytes)
    {
        Interlocked.Add(ref _peerBytesSent, countBytes);
        BytesSent(countBytes);
    }

    /// <param name="statusClass">1 to 5, for 1xx to 5xx.</param>
    public long Answers(int statusClass) => Volatile.Read(ref _answers[statusClass]);

    public void Answered(int status) => Interlocked.Increment(ref _answers[Math.Clamp(status / 100, 1, 5)]);

    public void ConnectionOpened() => Interlocked.Increment(ref _connections);

    public void ConnectionClosed() => Interlocked.Decrement(ref _connections);

    public void RequestStarted() => Interlocked.Increment(ref _requests);

    /// <returns>Requests still in flight.</returns>
    public int RequestEnded() => Interlocked.Decrement(ref _requests);
}
