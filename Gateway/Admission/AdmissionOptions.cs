namespace PhaseMesh.Gateway.Admission;

/// <summary>How many downloads go on at once, how fast, and how long others wait.</summary>
internal sealed record AdmissionOptions
{
    /// <summary>Downloads at once, in all. 8 or more: some are kept for kernels and initramfs.</summary>
    public int MaxStreams { get; init; } = 2048;

    /// <summary>Of one site, where sites are known. Null: no limit of its own.</summary>
    public int? MaxStreamsPerSite { get; init; }

    /// <summary>Of one client: an IPv4 address or an IPv6 /64. Null: a quarter of <see cref="MaxStreams"/>.</summary>
    public int? MaxStreamsPerClient { get; init; }

    /// <summary>Requests that wait. Null: four times <see cref="MaxStreams"/>.</summary>
    public int? MaxWaiting { get; init; }

    /// <summary>
    /// How long a request waits before it is told to come back. Shorter than the 5 s after which the boot agent takes silence for a stall.
    /// </summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Bytes a second in all; null: no limit. 64 KiB or more, as the next two.</summary>
    public long? MaxRate { get; init; }

    public long? MaxRatePerSite { get; init; }

    public long? MaxRatePerClient { get; init; }

    /// <summary>A client that takes longer for a slice may be slow; its stream then counts no more while others wait.</summary>
    public TimeSpan YieldAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>It is so however slow the others are: the boot agent would take less than 20 KiB in 5 s for a stall.</summary>
    public TimeSpan YieldAtLatest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks at who is slow, while someone waits.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Told to whom it is that has to come back; the time is doubled at random.</summary>
    public TimeSpan MinRetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A client keeps its place in the order of arrival until it was away for this long: what it asks for next, and again, goes before
    /// what later ones ask for, so that the machines of a storm are done one after the other.
    /// </summary>
    public TimeSpan KeepPlace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>But not for longer than this in all, and not for more downloads than a boot has: then it is a newcomer.</summary>
    public TimeSpan PlaceLasts { get; init; } = TimeSpan.FromMinutes(10);

    public const int DownloadsInPlace = 16;

    /// <summary>Clients whose place is kept while they are away; of more the longest away are forgotten.</summary>
    public const int MaxRemembered = 65_536;

    /// <summary>An eighth of the streams is for kernels and initramfs only.</summary>
    public int BulkStreams => MaxStreams - (MaxStreams / 8);

    /// <summary>A quarter goes to bulk first, lest kernels starve it.</summary>
    public int AssuredBulkStreams => MaxStreams / 4;

    public int StreamsPerClient => MaxStreamsPerClient ?? Math.Max(1, MaxStreams / 4);

    public int StreamsPerSite => MaxStreamsPerSite ?? int.MaxValue;

    public int Waiting => MaxWaiting ?? MaxStreams * 4;

    /// <summary>The default: a stream for every 256 KiB of memory for chunks, 256 to 4096.</summary>
    public static int StreamsFor(long memoryBytes) => (int)Math.Clamp(memoryBytes / (256 * 1024), 256, 4096);
}
