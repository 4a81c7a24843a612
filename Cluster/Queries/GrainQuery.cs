using System.Linq.Expressions;
using System.Text;
using System.Text.Json;
using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Queries;

internal sealed class GrainQuery<TState>(GrainCluster cluster) : IGrainQuery<TState>
    where TState : class, new()
{
    private const int MaxLimit = 1000;
    private const int MaxPositionLength = 4096;

    private readonly GrainState _state = cluster.StateOf(typeof(TState));

    public async Task<GrainPage<TState>> ListAsync(
        GrainFilter<TState>? filter = null, int limit = 100, string? after = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxLimit);
        StateQuery query = Query(filter, limit + 1, after is null ? null : ReadPosition(after, filter?.OrderField));
        IReadOnlyList<QueryRow> rows = [];
        await cluster.Session.RunAsync(
            async token => rows = await cluster.Session.Store.Tables.ListAsync(query, token), What("list"), cancellationToken);
        GrainRow<TState>[] page =
        [
            .. rows.Take(limit).Select(row => new GrainRow<TState>(
                row.Key, (TState)_state.Codec.Read(row.Json, row.Schema, $"{_state.Kind}/{row.Key}"), row.Version)),
        ];
        return new GrainPage<TState>(page, rows.Count > limit ? WritePosition(rows[limit - 1]) : null);
    }

    public async Task<long> CountAsync(GrainFilter<TState>? filter = null, CancellationToken cancellationToken = default)
    {
        long count = 0;
        StateQuery query = Query(filter, 0, null);
        await cluster.Session.RunAsync(
            async token => count = await cluster.Session.Store.Tables.CountAsync(query, token), What("count"), cancellationToken);
        return count;
    }

    public async Task<IReadOnlyDictionary<string, long>> CountByAsync<T>(
        Expression<Func<TState, T>> property, GrainFilter<TState>? filter = null, CancellationToken cancellationToken = default)
    {
        StateField field = GrainFilter<TState>.FieldOf(property);
        StateQuery query = Query(filter, 0, null);
        IReadOnlyDictionary<string, long> counts = new Dictionary<string, long>();
        await cluster.Session.RunAsync(
            async token => counts = await cluster.Session.Store.Tables.CountByAsync(query, field, token), What("count"), cancellationToken);
        return counts;
    }

    private static string WritePosition(QueryRow last) =>
        Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new[] { last.Order?.ToString(), last.Key }));

    private static QueryPosition ReadPosition(string after, StateField? order)
    {
        if (after.Length <= MaxPositionLength)
        {
            try
            {
                string?[]? parts = JsonSerializer.Deserialize<string?[]>(Encoding.UTF8.GetString(Convert.FromBase64String(after)));
                if (parts is [var value, { } key] && value is null == order is null)
                {
                    return new QueryPosition(order is null ? null : order.IsText ? value : long.Parse(value!), key);
                }
            }
            catch (Exception exception) when (exception is FormatException or JsonException or OverflowException)
            {
                throw new ArgumentException(
                    "The position of the page is none that a page before had as its Next.", nameof(after), exception);
            }
        }

        throw new ArgumentException("The position of the page is none that a page of an equal filter had as its Next.", nameof(after));
    }

    private string What(string verb) => $"{verb} {_state.Kind}";

    private StateQuery Query(GrainFilter<TState>? filter, int limit, QueryPosition? after) => new(
        _state.Kind, filter?.Conditions ?? [], filter?.KeyPrefix, filter?.OrderField, filter?.IsDescending ?? false, after, limit);
}
