using PhaseMesh.Manifests.Requests;

namespace PhaseMesh.Grains.Fleet;

/// <summary>What is remembered of one key's requests.</summary>
[GenerateSerializer]
internal sealed class NonceGrainState
{
    /// <summary>Nonces with the time their request was signed.</summary>
    [Id(0)]
    public Dictionary<string, DateTimeOffset> Seen { get; set; } = [];

    /// <summary>From then on nothing in it matters.</summary>
    [Id(1)]
    [GrainField]
    public DateTimeOffset NeededUntil { get; set; }
}

/// <summary>See <see cref="INonceGrain"/>.</summary>
internal sealed class NonceGrain([PersistentState("nonces")] IPersistentState<NonceGrainState> nonces, TimeProvider time)
    : Grain, INonceGrain
{
    private const int MaxNonceLength = 64;

    public async Task UseAsync(string nonce, DateTimeOffset signedAt)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (nonce is not { Length: > 0 and <= MaxNonceLength })
        {
            throw Refuse.Invalid($"nonce: expected 1 to {MaxNonceLength} characters, found {Refuse.Quote(nonce)}.");
        }

        // Twice the window: another silo's clock may be behind this one's.
        if ((now - signedAt).Duration() > 2 * RequestSignature.Window)
        {
            throw Refuse.Conflict(FleetRefusals.Replayed,
                $"The request was signed at {signedAt:u}, it is {now:u}; it may have been used before.");
        }

        NonceGrainState state = nonces.State;
        if (state.Seen.ContainsKey(nonce))
        {
            throw Refuse.Conflict(FleetRefusals.Replayed, "This very request was acted on before; sign a new one.");
        }

        foreach (string old in state.Seen.Where(seen => IsOver(seen.Value, now)).Select(seen => seen.Key).ToArray())
        {
            state.Seen.Remove(old);
        }

        if (state.Seen.Count >= INonceGrain.MaxRemembered)
        {
            throw Refuse.TooMany(
                $"{INonceGrain.MaxRemembered} requests of one key within {4 * RequestSignature.Window} are the most; wait.");
        }

        state.Seen.Add(nonce, signedAt);
        state.NeededUntil = state.Seen.Values.Max() + (2 * RequestSignature.Window);
        await nonces.WriteStateAsync();
    }

    public async Task SweepAsync()
    {
        if (nonces.RecordExists && time.GetUtcNow() > nonces.State.NeededUntil)
        {
            await nonces.ClearStateAsync();
        }
    }

    private static bool IsOver(DateTimeOffset signedAt, DateTimeOffset now) => now - signedAt > 2 * RequestSignature.Window;
}
