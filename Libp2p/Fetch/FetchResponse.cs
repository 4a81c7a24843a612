namespace PhaseMesh.Libp2p.Fetch;

/// <summary>A granted request. Dispose it; before the body's end that resets the stream.</summary>
public sealed class FetchResponse : IAsyncDisposable
{
    private readonly FetchSession? _session;

    internal FetchResponse(FetchAnswer answer, Stream body, FetchSession? session)
    {
        SizeBytes = answer.SizeBytes;
        Offset = answer.Offset;
        LengthBytes = answer.LengthBytes;
        Hash = answer.Hash;
        Body = body;
        _session = session;
    }

    /// <summary>Bytes of the whole content.</summary>
    public long SizeBytes { get; }

    /// <summary>Where in the content the body begins.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the body.</summary>
    public long LengthBytes { get; }

    /// <summary>"sha256:..." of the whole content as the peer claims it, or null.</summary>
    public string? Hash { get; }

    /// <summary>
    /// Exactly <see cref="LengthBytes"/> bytes, read asynchronously. Not reading holds the peer back, until it gives up. It throws
    /// <see cref="Libp2pException"/> when the peer closes, resets or falls silent before the end.
    /// </summary>
    public Stream Body { get; }

    public ValueTask DisposeAsync() => _session?.DisposeAsync() ?? ValueTask.CompletedTask;
}
