namespace PhaseMesh.Cluster.Core;

/// <summary>
/// State with its version. Inside a turn that may write, <see cref="State"/> is this turn's own copy: it becomes everyone's by
/// <see cref="WriteStateAsync"/> and is thrown away otherwise. Inside a <c>[ReadOnly]</c> turn it is shared and must not be changed.
/// </summary>
public interface IStorage<TState> : IStorage
{
    /// <summary>Never null; a new <typeparamref name="TState"/> where no record exists.</summary>
    TState State { get; set; }
}

/// <summary>State with its version, without its type.</summary>
public interface IStorage
{
    /// <summary>The version as a decimal number; null where no record was ever written.</summary>
    string? Etag { get; }

    bool RecordExists { get; }

    /// <summary>Takes the newest state from the storage, dropping this turn's changes.</summary>
    Task ReadStateAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// One compare-and-swap on the version. A losing turn ends here: its changes are dropped and the method runs again on the newer
    /// state, so nothing outside the grain may have been told before. At most one write or clear per turn.
    /// </summary>
    /// <exception cref="Storage.InconsistentStateException">The turn lost; let it pass, the engine runs the turn again.</exception>
    /// <exception cref="Storage.StorageUnavailableException">The storage didn't answer within the call's limit.</exception>
    /// <exception cref="GrainRuleException">A second write in one turn, a write after telling other grains, or a write in a read-only
    /// turn.</exception>
    Task WriteStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Like <see cref="WriteStateAsync"/>, leaving no record.</summary>
    Task ClearStateAsync(CancellationToken cancellationToken = default);
}
