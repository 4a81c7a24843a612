namespace PhaseMesh.Gateway.Chunks;

/// <summary>Bounds of the chunk store.</summary>
internal sealed record ChunkStoreOptions
{
    /// <summary>Chunks in memory, those being fetched included. At least twice the largest chunk served; 16 MiB or more.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Where verified chunks are kept beyond memory and a restart; null: nowhere.</summary>
    public string? Directory { get; init; }

    /// <summary>Chunks on disk.</summary>
    public long DiskBytes { get; init; } = 16L << 30;

    /// <summary>How long nothing is written after the disk was full or failed.</summary>
    public TimeSpan DiskPause { get; init; } = TimeSpan.FromMinutes(1);
}
