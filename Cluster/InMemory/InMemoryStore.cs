using System.Text.Json;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.InMemory;

/// <summary>One silo's view of an <see cref="InMemoryGrainStorage"/>.</summary>
internal sealed class InMemoryStore(InMemoryGrainStorage data, TimeProvider time) : IStore
{
    private const long Always = long.MaxValue / 2;

    public string Description => "Memory";

    public int WriteLanes => 1;

    public int ReadLanes => 1;

    public IStoreTables Tables { get; } = new InMemoryTables(data, time);

    public Task StartAsync(StorePlan plan, IChangeSink changes, CancellationToken cancellationToken)
    {
        lock (data.Gate)
        {
            RequireHere(data);
            data.Sinks.Add((this, changes));
        }

        changes.OnChangesMissed();
        changes.OnCaughtUp(Always);
        return Task.CompletedTask;
    }

    public Task ProbeAsync(CancellationToken cancellationToken)
    {
        RequireHere(data);
        return Task.CompletedTask;
    }

    public StorageFault Classify(Exception exception) =>
        exception is IOException or OperationCanceledException or TimeoutException ? StorageFault.Away : StorageFault.Rejected;

    public IStoreLane OpenLane() => new Lane(this, data, time);

    public ValueTask DisposeAsync()
    {
        lock (data.Gate)
        {
            data.Sinks.RemoveAll(entry => ReferenceEquals(entry.Store, this));
        }

        return ValueTask.CompletedTask;
    }

    internal static void RequireHere(InMemoryGrainStorage data)
    {
        if (data.IsAway)
        {
            throw new IOException("The memory was told to be away.");
        }
    }

    private sealed class Lane(InMemoryStore store, InMemoryGrainStorage data, TimeProvider time) : IStoreLane
    {
        public Task ReadAsync(IReadOnlyList<StateRead> batch)
        {
            lock (data.Gate)
            {
                RequireHere(data);
                foreach (StateRead read in batch)
                {
                    read.Complete(!data.Rows.TryGetValue(read.Id, out InMemoryRow? row)
                        ? new StoredState(0, 1, null, read.KnownVersion == 0)
                        : new StoredState(row.Version, row.Schema, row.Json, row.Version == read.KnownVersion));
                }
            }

            return Task.CompletedTask;
        }

        public Task WriteAsync(IReadOnlyList<StateWrite> batch, Action sent)
        {
            List<(StateWrite Write, bool IsWritten)> outcomes = [];
            lock (data.Gate)
            {
                RequireHere(data);
                foreach (StateWrite write in batch)
                {
                    outcomes.Add((write, Apply(write)));
                }
            }

            foreach ((StateWrite write, bool isWritten) in outcomes)
            {
                write.Complete(isWritten);
            }

            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private bool Apply(StateWrite write)
        {
            long version = data.Rows.GetValueOrDefault(write.Id)?.Version ?? 0;
            if (version != write.ExpectedVersion)
            {
                return false;
            }

            DateTimeOffset now = time.GetUtcNow();
            data.Rows[write.Id] = new InMemoryRow(version + 1, write.Schema, write.Json, Parse(write.Fields), write.Tag, now);
            foreach (PendingEvent pending in write.Events)
            {
                data.Events.Add(new FeedEvent(++data.LastSequence, pending.Feed, write.Id.Key, version + 1, now, pending.Payload));
            }

            foreach ((InMemoryStore other, IChangeSink sink) in data.Sinks)
            {
                if (!ReferenceEquals(other, store))
                {
                    sink.OnChanged(write.Id.Hash(), version + 1);
                }

                if (write.Events.Count > 0)
                {
                    sink.OnEvents();
                }
            }

            return true;
        }

        private static Dictionary<string, object> Parse(string fields)
        {
            using JsonDocument document = JsonDocument.Parse(fields);
            return document.RootElement.EnumerateObject().ToDictionary(
                property => property.Name,
                property => property.Value.ValueKind == JsonValueKind.Number
                    ? (object)property.Value.GetInt64() : property.Value.GetString()!);
        }
    }
}
