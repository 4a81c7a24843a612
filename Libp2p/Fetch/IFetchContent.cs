namespace PhaseMesh.Libp2p.Fetch;

/// <summary>What a <see cref="FetchServer"/> has to give. Called by many streams at once.</summary>
public interface IFetchContent
{
    /// <summary>
    /// Opens what is asked for; null when it is not here. An <see cref="IOException"/> tells the peer "unavailable" without its words;
    /// a <see cref="FetchRefusedException"/> tells it the code and the words.
    /// </summary>
    ValueTask<IFetchSource?> OpenAsync(FetchRequest request, CancellationToken cancellationToken);
}

/// <summary>One open content, read by one stream from front to back.</summary>
public interface IFetchSource : IAsyncDisposable
{
    /// <summary>Bytes of the whole content; does not change while it is open.</summary>
    long SizeBytes { get; }

    /// <summary>"sha256:" and 64 lower-case hexadecimal digits of the whole content, or null when that is not known.</summary>
    string? Hash { get; }

    /// <summary>
    /// Reads at least one and at most as many bytes as fit, all within <see cref="SizeBytes"/>. 0 or an <see cref="IOException"/> means
    /// that the content has gone bad: the stream is reset, so that the peer cannot take what it got for the whole.
    /// </summary>
    ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}
