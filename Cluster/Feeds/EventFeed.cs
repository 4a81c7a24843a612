using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Storage;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Feeds;

/// <summary>
/// One reader per silo follows the storage's event table and keeps the last events in memory; subscribers walk along those, each at its
/// own pace, and ask the storage only for what is older. So a thousand watchers cost one query per change.
/// </summary>
internal sealed class EventFeed(StorageSession session, GrainClusterOptions options, ClusterLog log) : IEventFeed
{
    private const int MaxTail = 4096;
    private const int MaxRead = 1000;
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<FeedEvent> _tail = [];
    private long _tailBegin = long.MaxValue;
    private long _last = -1;
    private TaskCompletionSource _arrived = NewSignal();
    private TaskCompletionSource _wanted = NewSignal();

    public ValueTask AppendAsync<TEvent>(string feed, TEvent payload)
    {
        CheckName(feed);
        string json = JsonSerializer.Serialize(payload, options.Json);
        if (Encoding.UTF8.GetByteCount(json) > IEventFeed.MaxEventBytes)
        {
            throw new ArgumentException($"An event for {feed} takes more than {IEventFeed.MaxEventBytes} bytes.", nameof(payload));
        }

        GrainTurn turn = GrainTurn.Current
            ?? throw new GrainRuleException($"An event for {feed} was appended outside a grain's turn; events are stored with a "
                + $"grain's write.");
        turn.Append(new PendingEvent(feed, json));
        return ValueTask.CompletedTask;
    }

    public async Task<IReadOnlyList<FeedEvent>> ReadAsync(
        string feed, long after, int limit = 100, CancellationToken cancellationToken = default)
    {
        CheckName(feed);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxRead);
        IReadOnlyList<FeedEvent> events = [];
        await session.RunAsync(
            async token => events = await session.Store.Tables.ReadEventsAsync(feed, after, limit, token), $"read the feed "
                + $"{feed}", cancellationToken);
        return events;
    }

    public async IAsyncEnumerable<FeedEvent> SubscribeAsync(
        string feed, long? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        CheckName(feed);
        long cursor = after ?? await LastAsync(cancellationToken);
        while (true)
        {
            (IReadOnlyList<FeedEvent>? events, long reached, Task arrived) = FromTail(feed, cursor);
            if (events is null)
            {
                events = await PatientlyAsync(() => ReadAsync(feed, cursor, MaxRead, cancellationToken), cancellationToken);
                reached = events.Count > 0 ? events[^1].Sequence : Math.Max(cursor, reached);
            }

            foreach (FeedEvent feedEvent in events)
            {
                ClusterInstruments.EventDelivered();
                yield return feedEvent;
            }

            cursor = reached;
            if (events.Count == 0)
            {
                await arrived.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Follows the event table until cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        session.EventsArrived += Wake;
        try
        {
            long last = await PatientlyAsync(() => LastAsync(cancellationToken), cancellationToken);
            lock (_gate)
            {
                (_last, _tailBegin) = (last, last);
                Signal();
            }

            while (true)
            {
                Task wanted;
                lock (_gate)
                {
                    wanted = _wanted.Task;
                }

                IReadOnlyList<FeedEvent> events = await PatientlyAsync(
                    () => session.Store.Tables.ReadEventsAsync(null, _last, MaxRead, cancellationToken), cancellationToken);
                Take(events);
                if (events.Count < MaxRead)
                {
                    await wanted.WaitAsync(
                        LookPeriod, session.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
        finally
        {
            session.EventsArrived -= Wake;
        }
    }

    private static void CheckName(string feed)
    {
        if (string.IsNullOrEmpty(feed) || feed.Length > IEventFeed.MaxFeedNameLength
            || feed.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '-' or '_')))
        {
            throw new ArgumentException(
                $"A feed's name has 1 to {IEventFeed.MaxFeedNameLength} letters, digits, dots, dashes or underscores.", nameof(feed));
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<long> LastAsync(CancellationToken cancellationToken)
    {
        long last = 0;
        await session.RunAsync(async token => last = await session.Store.Tables.LastEventAsync(token), "find the last "
            + "event", cancellationToken);
        return last;
    }

    private async Task<T> PatientlyAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested
                && (exception is StorageUnavailableException || session.Store.Classify(exception) != StorageFault.Rejected))
            {
                log.RoundFailed("Following the event feed", exception.Message);
                await Task.Delay(LookPeriod, session.Time, cancellationToken);
            }
        }
    }

    private void Take(IReadOnlyList<FeedEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            foreach (FeedEvent feedEvent in events)
            {
                _tail.Enqueue(feedEvent);
                if (_tail.Count > MaxTail)
                {
                    _tailBegin = _tail.Dequeue().Sequence;
                }
            }

            _last = events[^1].Sequence;
            Signal();
        }
    }

    /// <returns>Events of the feed after the cursor, or null where the memory doesn't go back so far; where that leads to; and the next
    /// arrival.</returns>
    private (IReadOnlyList<FeedEvent>? Events, long Reached, Task Arrived) FromTail(string feed, long cursor)
    {
        lock (_gate)
        {
            return cursor < _tailBegin
                ? (null, cursor, _arrived.Task)
                : ([.. _tail.Where(feedEvent => feedEvent.Sequence > cursor
                    && feedEvent.Feed == feed)], Math.Max(cursor, _last), _arrived.Task);
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            TaskCompletionSource wanted = _wanted;
            _wanted = NewSignal();
            wanted.TrySetResult();
        }
    }

    private void Signal()
    {
        TaskCompletionSource arrived = _arrived;
        _arrived = NewSignal();
        arrived.TrySetResult();
    }
}
