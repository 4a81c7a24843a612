using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.OnCluster;

/// <summary>The engine's pages as the fleet's.</summary>
internal static class Pages
{
    private const int MaxLimit = 1000;

    internal static int Require(int limit) =>
        limit is >= 1 and <= MaxLimit ? limit : throw Refuse.Invalid($"limit: expected 1 to {MaxLimit}, found {limit}.");

    /// <exception cref="FleetRefusedException">invalid: the cursor isn't one, or of another list.</exception>
    internal static async Task<FleetPage<TView>> OfAsync<TState, TView>(Task<GrainPage<TState>> listing, Func<GrainRow<TState>, TView> view)
    {
        try
        {
            GrainPage<TState> page = await listing;
            return new FleetPage<TView>([.. page.Rows.Select(view)], page.Next);
        }
        catch (ArgumentException exception)
        {
            throw Refuse.Invalid($"after: expected the next of the page before, with the same filter: {exception.Message}");
        }
    }

    /// <summary>Keys of the rows of several filters, each once.</summary>
    internal static async Task<ImmutableArray<string>> KeysAsync<TState>(
        int limit, CancellationToken cancellationToken, params (IGrainQuery<TState> Query, GrainFilter<TState> Filter)[] lists)
        where TState : class, new()
    {
        HashSet<string> keys = [];
        foreach ((IGrainQuery<TState> query, GrainFilter<TState> filter) in lists)
        {
            keys.UnionWith((await query.ListAsync(filter, Require(limit), null, cancellationToken)).Rows.Select(row => row.Key));
        }

        return [.. keys.Take(limit)];
    }
}
