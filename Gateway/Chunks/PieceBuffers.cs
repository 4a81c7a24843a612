using System.Collections.Concurrent;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>Receive buffers, a bounded number of them: transfers beyond wait for one.</summary>
internal sealed class PieceBuffers(int maxCount) : IDisposable
{
    /// <summary>256 KiB, which stays in a core's cache from the receive through the hash to the copy into the chunk's file.</summary>
    public const int SizeBytes = 256 * 1024;

    private readonly SemaphoreSlim _free = new(maxCount);
    private readonly ConcurrentBag<byte[]> _idle = [];

    public async ValueTask<byte[]> RentAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return _idle.TryTake(out byte[]? buffer) ? buffer : GC.AllocateUninitializedArray<byte>(SizeBytes, pinned: true);
    }

    public void Return(byte[] buffer)
    {
        _idle.Add(buffer);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
