namespace PhaseMesh.Silo.Catalog.Stamps;

/// <summary>What tells, without reading it, that a file is not the one it was: any write, truncation or replacement changes one of these.</summary>
/// <param name="SizeBytes">Length of the content.</param>
/// <param name="ModifiedNanoseconds">Since 1970, of the content; a program can set it back.</param>
/// <param name="ChangedNanoseconds">Since 1970, of content or metadata; no program can set it. 0 where the system does not tell.</param>
/// <param name="Inode">0 where the system does not tell.</param>
internal readonly record struct FileStamp(long SizeBytes, long ModifiedNanoseconds, long ChangedNanoseconds, ulong Inode)
{
    private const long NanosecondsPerTick = 100;

    /// <summary>Timestamps come from a clock that ticks every 1 to 10 ms; two writes within a tick look the same.</summary>
    private static readonly TimeSpan FineClockTick = TimeSpan.FromMilliseconds(20);

    /// <summary>File systems without sub-second times (FAT counts in twos).</summary>
    private static readonly TimeSpan CoarseClockTick = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether a write at <paramref name="now"/> could leave this very stamp, as git asks of its index ("racily clean"). Content
    /// read while this holds must not be taken for what the stamp stands for.
    /// </summary>
    public bool IsRacilyYoung(DateTimeOffset now)
    {
        TimeSpan tick = ModifiedNanoseconds % 1_000_000_000 == 0 ? CoarseClockTick : FineClockTick;
        return IsYoungerThan(tick, now);
    }

    /// <summary>Last changed less than <paramref name="age"/> ago. A time in the future, from another machine's clock, is not young.</summary>
    public bool IsYoungerThan(TimeSpan age, DateTimeOffset now)
    {
        long nowNanoseconds = (now - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
        long elapsed = nowNanoseconds - Math.Max(ModifiedNanoseconds, ChangedNanoseconds);
        return elapsed >= 0 && elapsed < age.Ticks * NanosecondsPerTick;
    }

    public DateTimeOffset Modified => DateTimeOffset.UnixEpoch.AddTicks(ModifiedNanoseconds / NanosecondsPerTick);
}
