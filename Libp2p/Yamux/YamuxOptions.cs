namespace PhaseMesh.Libp2p.Yamux;

/// <summary>Limits and timings of one Yamux connection.</summary>
public sealed record YamuxOptions
{
    /// <summary>Streams the peer may have open; one more is reset. 1 to 65536.</summary>
    public int MaxInboundStreams { get; init; } = 1024;

    /// <summary>Streams this side may have open. 1 to 65536.</summary>
    public int MaxOutboundStreams { get; init; } = 1024;

    /// <summary>How far a stream's receive window grows while its reader keeps up. At least 256 KiB, where each starts.</summary>
    public int MaxWindowBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>What all streams of the connection together may grow beyond their first 256 KiB.</summary>
    public long MaxWindowGrowthBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Frames waiting for a peer that does not read: answers to pings, resets, window updates.</summary>
    public int MaxQueuedControlFrames { get; init; } = 8192;

    /// <summary>Streams beyond the limit that the peer may try to open before the connection is dropped.</summary>
    public int MaxRefusedStreams { get; init; } = 4096;

    /// <summary>Time between keep-alive pings.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence after a keep-alive ping that means that the peer is gone.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stream that was disposed here waits for the peer's close; checked at every keep-alive ping.</summary>
    public TimeSpan LingerTime { get; init; } = TimeSpan.FromSeconds(30);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal StreamQuota? Quota { get; init; }
}
