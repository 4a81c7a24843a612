using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Node;

/// <summary>
/// Takes entries with unique ids. Its state keeps their number and a digest of all in order, each entry's event its id: together they
/// show whether every entry is there once, and in the order of versions.
/// </summary>
public interface ILedgerGrain : IGrainWithStringKey
{
    /// <returns>The version that the entry made.</returns>
    Task<long> AppendAsync(string id);

    [ReadOnly]
    Task<LedgerView> ViewAsync();
}

public sealed record LedgerView(long Version, long Count, ulong Digest);

public sealed record LedgerEntry(string Id);

public sealed class LedgerState
{
    public long Count { get; set; }

    public ulong Digest { get; set; }
}

internal sealed class LedgerGrain([PersistentState("ledger")] IPersistentState<LedgerState> ledger, IEventFeed feed) : Grain, ILedgerGrain
{
    public async Task<long> AppendAsync(string id)
    {
        ledger.State.Count++;
        ledger.State.Digest = Digest(ledger.State.Digest, id);
        await feed.AppendAsync(NodeSetup.Feed, new LedgerEntry(id));
        await ledger.WriteStateAsync();
        return long.Parse(ledger.Etag!);
    }

    public Task<LedgerView> ViewAsync() =>
        Task.FromResult(new LedgerView(long.Parse(ledger.Etag ?? "0"), ledger.State.Count, ledger.State.Digest));

    /// <summary>FNV-1a, carried on from entry to entry.</summary>
    public static ulong Digest(ulong digest, string id)
    {
        foreach (char letter in id)
        {
            digest = (digest ^ letter) * 1099511628211;
        }

        return digest ^ 14695981039346656037;
    }
}
