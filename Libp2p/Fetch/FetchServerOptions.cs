using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>How much a <see cref="FetchServer"/> takes on. Memory: <see cref="MaxStreams"/> times 128 KiB at most.</summary>
public sealed record FetchServerOptions
{
    /// <summary>Streams served at once; a further one is answered "busy". At least 1.</summary>
    public int MaxStreams { get; init; } = 256;

    /// <summary>Streams of one peer served at once; a further one is answered "busy". At least 1.</summary>
    public int MaxStreamsPerPeer { get; init; } = 64;

    /// <summary>From the opening of a stream to the end of its first request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From an answer to the end of the next request; then the stream is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a peer may take for 128 KiB: one that does not read holds a buffer and perhaps an open file. The stream is reset.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(1);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
