using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Fetching;

/// <summary>An acquired artifact. Each piece is compared with what was verified after it was read, before it is sent.</summary>
internal sealed class ArtifactFetchSource(ArtifactFile file, RequestGuard guard, LoadCounters load) : IFetchSource
{
    private int _isDisposed;

    public long SizeBytes => file.SizeBytes;

    public string? Hash => file.Artifact.Digest.ToString();

    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int wanted = (int)Math.Min(buffer.Length, SizeBytes - offset);
        int read = await RandomAccess.ReadAsync(file.Handle, buffer[..wanted], offset, cancellationToken);
        if (!await file.IsIntactAsync())
        {
            return 0; // Cuts the stream: what is still missing must never be sent.
        }

        load.BytesSentToPeer(read);
        return read;
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            file.Release();
            guard.Leave();
        }

        return ValueTask.CompletedTask;
    }
}
