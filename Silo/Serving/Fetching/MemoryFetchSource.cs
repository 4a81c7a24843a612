using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Manifests;

namespace PhaseMesh.Silo.Serving.Fetching;

/// <summary>A manifest, byte for byte as its signer wrote it.</summary>
internal sealed class MemoryFetchSource(BootManifest manifest, RequestGuard guard) : IFetchSource
{
    private int _isDisposed;

    public long SizeBytes => manifest.RawBytes.Length;

    public string? Hash { get; } = manifest.Digest.ToString();

    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> rest = manifest.RawBytes[(int)offset..];
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        return ValueTask.FromResult(count);
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            guard.Leave();
        }

        return ValueTask.CompletedTask;
    }
}
