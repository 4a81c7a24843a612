namespace PhaseMesh.Grains.Fleet;

/// <summary>What a join token keeps.</summary>
[GenerateSerializer]
internal sealed class JoinTokenGrainState
{
    [Id(0)]
    public JoinTokenTerms Terms { get; set; } = new();

    [Id(1)]
    public string Hash { get; set; } = "";

    [Id(2)]
    public DateTimeOffset CreatedAt { get; set; }

    [Id(3)]
    [GrainField]
    public DateTimeOffset Expires { get; set; }

    [Id(4)]
    public DateTimeOffset? RevokedAt { get; set; }

    [Id(5)]
    public List<string> UsedBy { get; set; } = [];
}

/// <summary>See <see cref="IJoinTokenGrain"/>.</summary>
internal sealed class JoinTokenGrain([PersistentState("token")] IPersistentState<JoinTokenGrainState> token, TimeProvider time)
    : Grain, IJoinTokenGrain
{
    internal static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromDays(7);

    private static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(366);

    public async Task<string> MintAsync(JoinTokenTerms terms)
    {
        string id = this.GetPrimaryKeyString();
        Refuse.UnlessText(terms.Name, 128, "name");
        Refuse.UnlessText(terms.Actor, Refuse.MaxActorLength, "actor");
        string? fault = id.Length != FleetSecret.TokenIdLength || !id.All(char.IsAsciiHexDigitLower)
            ? $"id: expected 16 lower-case hex digits, found {Refuse.Quote(id)}."
            : terms.Lifetime < MinLifetime || terms.Lifetime > MaxLifetime
                ? $"lifetime: expected {MinLifetime} to {MaxLifetime}, found {terms.Lifetime}."
            : terms.MaxUses is < 1 or > JoinTokenTerms.MaxUsesLimit
                ? $"max_uses: expected 1 to {JoinTokenTerms.MaxUsesLimit}, found {terms.MaxUses}."
            : null;
        if (fault is not null)
        {
            throw Refuse.Invalid(fault);
        }

        if (token.RecordExists)
        {
            throw Refuse.Conflict(FleetRefusals.Taken, $"There is a token {id} already.");
        }

        FleetSecret secret = FleetSecret.NewToken(id);
        DateTimeOffset now = time.GetUtcNow();
        (token.State.Terms, token.State.Hash, token.State.CreatedAt, token.State.Expires) = (terms, secret.Hash(), now,
            now + terms.Lifetime);
        await token.WriteStateAsync();
        return secret.ToString();
    }

    public async Task RedeemAsync(string secret, string provider)
    {
        Refuse.UnlessProvider(provider);
        JoinTokenGrainState state = token.State;
        if (!token.RecordExists || !FleetSecret.Matches(secret, state.Hash))
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted, "The join token is not one of this fleet; ask an operator for a token.");
        }

        if (state.RevokedAt is not null || time.GetUtcNow() >= state.Expires)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted,
                $"The join token {this.GetPrimaryKeyString()} "
                    + $"{(state.RevokedAt is null ? $"expired at {state.Expires:u}" : "was revoked")}; ask for another.");
        }

        if (state.UsedBy.Contains(provider))
        {
            return;
        }

        if (state.UsedBy.Count >= state.Terms.MaxUses)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAdmitted,
                $"The join token {this.GetPrimaryKeyString()} was used {state.UsedBy.Count} times, all it is good for.");
        }

        state.UsedBy.Add(provider);
        await token.WriteStateAsync();
    }

    public async Task RevokeAsync(string actor)
    {
        if (!token.RecordExists)
        {
            throw Refuse.NotFound($"There is no join token {Refuse.Quote(this.GetPrimaryKeyString())}.");
        }

        if (token.State.RevokedAt is null)
        {
            token.State.RevokedAt = time.GetUtcNow();
            await token.WriteStateAsync();
        }
    }

    public async Task SweepAsync()
    {
        if (token.RecordExists && time.GetUtcNow() >= token.State.Expires + KeptAfterExpiry)
        {
            await token.ClearStateAsync();
        }
    }

    public Task<JoinTokenView?> GetAsync() => Task.FromResult(token.RecordExists ? ViewOf(this.GetPrimaryKeyString(), token.State) : null);

    internal static JoinTokenView ViewOf(string id, JoinTokenGrainState state) => new()
    {
        Id = id,
        Name = state.Terms.Name,
        CreatedAt = state.CreatedAt,
        CreatedBy = state.Terms.Actor,
        Expires = state.Expires,
        MaxUses = state.Terms.MaxUses,
        UsedBy = [.. state.UsedBy],
        RevokedAt = state.RevokedAt,
    };
}
