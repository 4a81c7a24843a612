namespace PhaseMesh.Console.Tests.Support;

/// <summary>A boot as <c>GET /v1/boots/{id}</c> shows it.</summary>
internal sealed record ScriptedBoot(string BootId)
{
    private static readonly string[] Order = ["created", "discovered", "manifest", "fetching", "verified", "kexec", "joined"];

    public string Phase { get; init; } = "created";

    public string Outcome { get; init; } = "running";

    public bool IsStuck { get; init; }

    public string? MachineId { get; init; }

    public string Channel { get; init; } = "stable";

    public string Arch { get; init; } = "x86_64";

    public string Mode { get; init; } = "local";

    public string? Trace { get; init; }

    public string? SourceAddress { get; init; } = "10.20.0.17";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public long? Release { get; init; } = 42;

    public string? Version { get; init; } = "2026.11.21";

    public long BytesFetched { get; init; }

    public long BytesTotal { get; init; }

    public long BytesPerSecond { get; init; }

    public string[] Sources { get; init; } = [];

    public string[] Found { get; init; } = [];

    public string? Reason { get; init; }

    public string? Detail { get; init; }

    public string? Provider { get; init; }

    /// <summary>Of all it passed, a second apart.</summary>
    public object[] Phases =>
    [
        .. Order.TakeWhile(phase => phase != Phase).Append(Phase)
            .Where(phase => Phase != "failed" || Order.Take(4).Append("failed").Contains(phase))
            .Select((phase, index) => new
            {
                phase, at = CreatedAt.AddMilliseconds(index * 740), received_at = CreatedAt.AddMilliseconds((index * 740) + 31),
            }),
    ];

    public object InShort(string what) => new
    {
        BootId,
        what,
        Phase,
        Outcome,
        Channel,
        Arch,
        MachineId,
        Release,
        BytesFetched,
        BytesTotal,
        BytesPerSecond,
        Reason,
        Provider,
        CreatedAt,
    };
}
