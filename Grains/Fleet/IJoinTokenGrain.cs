namespace PhaseMesh.Grains.Fleet;

/// <summary>A join token; its key is the token's id, 16 lower-case hex digits. Only its hash is kept.</summary>
public interface IJoinTokenGrain : IGrainWithStringKey
{
    /// <summary>Makes it; the whole token is only told here.</summary>
    Task<string> MintAsync(JoinTokenTerms terms);

    /// <summary>One use. A key that used it before may again, and that doesn't count.</summary>
    Task RedeemAsync(string secret, string provider);

    Task RevokeAsync(string actor);

    /// <returns>Null where there is none, or it was forgotten.</returns>
    [ReadOnly]
    Task<JoinTokenView?> GetAsync();

    /// <summary>Forgotten a week after it expired. Called by the housekeeping reminder.</summary>
    Task SweepAsync();
}

/// <summary>All join tokens.</summary>
public interface IJoinTokenIndex
{
    Task<FleetPage<JoinTokenView>> ListAsync(int limit = 100, string? after = null, CancellationToken cancellationToken = default);

    Task<ImmutableArray<string>> ListToSweepAsync(int limit, CancellationToken cancellationToken = default);
}

[GenerateSerializer]
[Immutable]
public sealed record JoinTokenTerms
{
    public const int MaxUsesLimit = 1000;

    /// <summary>For people; at most 128 characters.</summary>
    [Id(0)]
    public string Name { get; init; } = "";

    /// <summary>1 minute to 1 year.</summary>
    [Id(1)]
    public TimeSpan Lifetime { get; init; }

    /// <summary>1 to <see cref="MaxUsesLimit"/> providers.</summary>
    [Id(2)]
    public int MaxUses { get; init; } = 1;

    [Id(3)]
    public string Actor { get; init; } = "";
}

[GenerateSerializer]
[Immutable]
public sealed record JoinTokenView
{
    [Id(0)]
    public string Id { get; init; } = "";

    [Id(1)]
    public string Name { get; init; } = "";

    [Id(2)]
    public DateTimeOffset CreatedAt { get; init; }

    [Id(3)]
    public string CreatedBy { get; init; } = "";

    [Id(4)]
    public DateTimeOffset Expires { get; init; }

    [Id(5)]
    public int MaxUses { get; init; }

    /// <summary>Providers that came with it.</summary>
    [Id(6)]
    public ImmutableArray<string> UsedBy { get; init; } = [];

    [Id(7)]
    public DateTimeOffset? RevokedAt { get; init; }
}
