using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>How artifacts are fetched and sent.</summary>
internal sealed record ForwardingOptions
{
    /// <summary>What <c>/kernel</c> and the like mean without a channel.</summary>
    public ReleaseChannelName DefaultChannel { get; init; } = ReleaseChannelName.Parse("stable");

    public MachineArch DefaultArch { get; init; } = MachineArch.X64;

    /// <summary>For the connection to a replica.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the request to the head of the answer.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The progress watchdog: a replica that sent less than <see cref="MinProgressBytes"/> in this time has stalled.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(2);

    public int MinProgressBytes { get; init; } = 64 * 1024;

    /// <summary>How long a fetch goes on without any progress from any replica; a body under way waits that long.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request waits for its first chunk before it is answered 503.</summary>
    public TimeSpan FirstChunkPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Read-ahead of one client begins with this and doubles each time it had to wait.</summary>
    public int MinReadAheadBytes { get; init; } = 2 << 20;

    public int MaxReadAheadBytes { get; init; } = 16 << 20;

    /// <summary>No hedge before a chunk was waited for this long, however fast the others were.</summary>
    public TimeSpan MinHedgeDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan MaxHedgeDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Duplicate bytes that hedging may cost, as a share of verified bytes. 0: no hedging.</summary>
    public double HedgeShare { get; init; } = 0.05;

    /// <summary>Duplicate bytes allowed before anything was verified.</summary>
    public long HedgeBurstBytes { get; init; } = 4 << 20;

    /// <summary>Receive buffers, bytes.</summary>
    public long BufferBytes { get; init; } = 64 << 20;

    /// <summary>Sockets to one replica.</summary>
    public int MaxConnectionsPerReplica { get; init; } = 64;
}
