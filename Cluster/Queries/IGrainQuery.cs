using System.Linq.Expressions;

namespace PhaseMesh.Cluster.Queries;

/// <summary>
/// Lists and counts the states of one kind across all grains, as they are in the storage now: every write acknowledged before the call
/// is seen.
/// <typeparamref name="TState"/> must be the state of exactly one registered grain class.
/// </summary>
public interface IGrainQuery<TState>
    where TState : class, new()
{
    /// <param name="filter">Which, in which order; null: all by key.</param>
    /// <param name="limit">1 to 1000 rows.</param>
    /// <param name="after">The <see cref="GrainPage{TState}.Next"/> of the page before; null for the first page. Only valid with an
    /// equal filter.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException"><paramref name="after"/> is not one of ours, or <paramref name="limit"/> is out of
    /// range.</exception>
    /// <exception cref="Storage.StorageUnavailableException">The storage is away.</exception>
    Task<GrainPage<TState>> ListAsync(
        GrainFilter<TState>? filter = null, int limit = 100, string? after = null, CancellationToken cancellationToken = default);

    Task<long> CountAsync(GrainFilter<TState>? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// How many there are of each value of a property; rows without a value count under "". Numbers are written in decimal.
    /// </summary>
    Task<IReadOnlyDictionary<string, long>> CountByAsync<T>(
        Expression<Func<TState, T>> property, GrainFilter<TState>? filter = null, CancellationToken cancellationToken = default);
}

/// <param name="Rows">The rows of this page.</param>
/// <param name="Next">Where the next page begins; null where this was the last.</param>
public sealed record GrainPage<TState>(IReadOnlyList<GrainRow<TState>> Rows, string? Next);

/// <param name="Key">The grain's key.</param>
/// <param name="State">Its state.</param>
/// <param name="Version">Its version, from 1.</param>
public sealed record GrainRow<TState>(string Key, TState State, long Version);
