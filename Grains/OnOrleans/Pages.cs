using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary>Pages of a list that was read whole; the cursor is the last key of the page before.</summary>
internal static class Pages
{
    internal static FleetPage<TView> Of<TState, TView>(
        IEnumerable<(string Key, TState State)> rows, int limit, string? after, Func<string, TState, TView> view)
    {
        if (limit is < 1 or > 1000)
        {
            throw Refuse.Invalid($"limit: expected 1 to 1000, found {limit}.");
        }

        (string Key, TState State)[] all = [.. rows];
        int from = after is null ? 0 : Array.FindIndex(all, row => row.Key == after) + 1;
        if (after is not null && from == 0)
        {
            throw Refuse.Invalid("after: expected the next of the page before, with the same filter.");
        }

        (string Key, TState State)[] page = [.. all.Skip(from).Take(limit)];
        return new FleetPage<TView>(
            [.. page.Select(row => view(row.Key, row.State))], from + page.Length < all.Length && page.Length > 0 ? page[^1].Key : null);
    }
}
