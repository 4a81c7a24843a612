namespace PhaseMesh.Grains.Fleet;

/// <summary>Who may do what. One grain, written rarely; its key is <see cref="Key"/>.</summary>
public interface IFleetGrain : IGrainWithStringKey
{
    const string Key = "fleet";

    /// <summary>The first operator key, at set-up. Once there is one, only the same key passes again, and nothing changes.</summary>
    Task InitialiseAsync(string operatorKey, string name);

    Task SetPolicyAsync(AdmissionPolicy policy, string actor);

    Task AddOperatorAsync(string operatorKey, string name, string actor);

    /// <summary>Not the last one.</summary>
    Task RemoveOperatorAsync(string operatorKey, string actor);

    [ReadOnly]
    Task<bool> IsOperatorAsync(string key);

    [ReadOnly]
    Task<FleetView> GetAsync();
}

/// <summary>Whom the fleet lets in.</summary>
[GenerateSerializer]
public enum AdmissionPolicy
{
    /// <summary>Everyone.</summary>
    Open,

    /// <summary>Who brings the ticket of a boot, or a join token.</summary>
    Ticket,

    /// <summary>Who brings a join token.</summary>
    Token,

    /// <summary>Whom an operator approves; join tokens are approval given ahead.</summary>
    Approve,
}

[GenerateSerializer]
[Immutable]
public sealed record FleetView
{
    /// <summary>Until somebody changes it: what the silo's options say.</summary>
    [Id(0)]
    public AdmissionPolicy Policy { get; init; }

    [Id(1)]
    public ImmutableArray<OperatorView> Operators { get; init; } = [];
}

/// <param name="Key">Key id.</param>
/// <param name="Name">For people; at most 128 characters.</param>
/// <param name="AddedAt">When.</param>
/// <param name="AddedBy">By which key; <c>set-up</c> for the first.</param>
[GenerateSerializer]
[Immutable]
public sealed record OperatorView(
    [property: Id(0)] string Key,
    [property: Id(1)] string Name,
    [property: Id(2)] DateTimeOffset AddedAt,
    [property: Id(3)] string AddedBy);
