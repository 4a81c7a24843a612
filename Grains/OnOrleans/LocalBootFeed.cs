using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using PhaseMesh.Grains.BootSessions;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary>
/// <see cref="IBootFeed"/> of one process only, as Orleans has no feed that is written with the state: events of other silos are missing,
/// what was told before a write that failed is there, and nothing is kept to resume from.
/// </summary>
internal sealed class LocalBootFeed(TimeProvider time) : IBootFeed
{
    private const int MaxWaiting = 1000;

    private readonly ConcurrentDictionary<Channel<BootFeedItem>, bool> _followers = [];
    private long _sequence;

    public ValueTask TellAsync(BootFeedEvent told)
    {
        BootFeedItem item = new(Interlocked.Increment(ref _sequence), time.GetUtcNow(), told);
        foreach (Channel<BootFeedItem> follower in _followers.Keys)
        {
            follower.Writer.TryWrite(item);
        }

        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<BootFeedItem> FollowAsync(long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<BootFeedItem> mine = Channel.CreateBounded<BootFeedItem>(
            new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        _followers[mine] = true;
        try
        {
            await foreach (BootFeedItem item in mine.Reader.ReadAllAsync(cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            _followers.TryRemove(mine, out _);
        }
    }
}
