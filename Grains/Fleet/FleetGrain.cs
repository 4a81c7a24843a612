using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Fleet;

/// <summary>What the fleet's grain keeps.</summary>
[GenerateSerializer]
internal sealed class FleetGrainState
{
    [Id(0)]
    public AdmissionPolicy? Policy { get; set; }

    [Id(1)]
    public List<OperatorView> Operators { get; set; } = [];
}

/// <summary>See <see cref="IFleetGrain"/>.</summary>
internal sealed class FleetGrain(
    [PersistentState("fleet")] IPersistentState<FleetGrainState> fleet, FleetOptions options, TimeProvider time)
    : Grain, IFleetGrain
{
    private const int MaxOperators = 100;
    private const int MaxNameLength = 128;

    public async Task InitialiseAsync(string operatorKey, string name)
    {
        if (fleet.State.Operators.Exists(known => known.Key == operatorKey))
        {
            return;
        }

        if (fleet.State.Operators.Count > 0)
        {
            throw Refuse.Forbidden(FleetRefusals.NotAllowed, "The fleet has operators already; one of them can add another.");
        }

        Add(operatorKey, name, "set-up");
        await fleet.WriteStateAsync();
    }

    public async Task SetPolicyAsync(AdmissionPolicy policy, string actor)
    {
        RequireActor(actor);
        if (!Enum.IsDefined(policy))
        {
            throw Refuse.Invalid($"policy: expected open, ticket, token or approve, found {policy}.");
        }

        if (fleet.State.Policy != policy)
        {
            fleet.State.Policy = policy;
            await fleet.WriteStateAsync();
        }
    }

    public async Task AddOperatorAsync(string operatorKey, string name, string actor)
    {
        RequireActor(actor);
        if (fleet.State.Operators.Exists(known => known.Key == operatorKey))
        {
            return;
        }

        if (fleet.State.Operators.Count >= MaxOperators)
        {
            throw Refuse.TooMany($"The fleet has {MaxOperators} operators, the most there may be.");
        }

        Add(operatorKey, name, actor);
        await fleet.WriteStateAsync();
    }

    public async Task RemoveOperatorAsync(string operatorKey, string actor)
    {
        RequireActor(actor);
        if (!fleet.State.Operators.Exists(known => known.Key == operatorKey))
        {
            throw Refuse.NotFound(
                $"{Refuse.Quote(operatorKey)} is no operator that the fleet remembers; configured ones are removed from the silos' files.");
        }

        if (fleet.State.Operators.Count == 1)
        {
            throw Refuse.Conflict(FleetRefusals.LastOperator, "This is the last operator; add another first, or nobody could.");
        }

        fleet.State.Operators.RemoveAll(known => known.Key == operatorKey);
        await fleet.WriteStateAsync();
    }

    public Task<bool> IsOperatorAsync(string key) =>
        Task.FromResult(options.OperatorKeys.Contains(key) || fleet.State.Operators.Exists(known => known.Key == key));

    public Task<FleetView> GetAsync() => Task.FromResult(new FleetView
    {
        Policy = fleet.State.Policy ?? options.InitialPolicy,
        Operators = [.. fleet.State.Operators],
    });

    private void Add(string key, string name, string actor)
    {
        Refuse.UnlessText(name, MaxNameLength, "name");
        fleet.State.Operators.Add(Ed25519PublicKey.TryParse(key, out Ed25519PublicKey parsed) && parsed.KeyId == key
            ? new OperatorView(key, name, time.GetUtcNow(), actor)
            : throw Refuse.Invalid($"operator: expected {Providers.ProviderKey.Expected}, found {Refuse.Quote(key)}."));
    }

    private void RequireActor(string actor)
    {
        if (!options.OperatorKeys.Contains(actor) && !fleet.State.Operators.Exists(known => known.Key == actor))
        {
            throw Refuse.Forbidden(FleetRefusals.NotAllowed, $"{Refuse.Quote(actor)} is no operator of this fleet.");
        }
    }
}
