using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// What a grain holds as its state: a window to whatever the turn that looks through it has. So one grain object serves readers of the last
/// written version and a turn that changes its own copy, at once.
/// </summary>
internal sealed class PersistentState<TState>(Activation activation, int index) : IPersistentState<TState>
{
    public TState State
    {
        get => (TState)Turn.Get(index);
        set => Turn.Set(index, value ?? throw new ArgumentNullException(nameof(value)));
    }

    public string? Etag => Turn.VersionOf(index) is > 0 and long version ? version.ToString() : null;

    public bool RecordExists => Turn.HasRecord(index);

    private GrainTurn Turn => GrainTurn.Current is { } turn && ReferenceEquals(turn.Activation, activation)
        ? turn
        : throw new GrainRuleException($"The state of {activation.Identity} was used outside of its turns"
            + (GrainTurn.Current is { } other ? $", by {other}" : "") + ".");

    public Task ReadStateAsync(CancellationToken cancellationToken = default) => Turn.ReadAsync(index);

    public Task WriteStateAsync(CancellationToken cancellationToken = default) => Turn.WriteAsync(index, isClear: false);

    public Task ClearStateAsync(CancellationToken cancellationToken = default) => Turn.WriteAsync(index, isClear: true);
}
