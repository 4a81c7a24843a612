using System.Runtime.CompilerServices;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Grains.BootSessions;

namespace PhaseMesh.Grains.OnCluster;

/// <summary><see cref="IBootFeed"/> by the engine's event feed.</summary>
internal sealed class BootFeed(IEventFeed feed) : IBootFeed
{
    private const string Name = "boots";

    public ValueTask TellAsync(BootFeedEvent told) => feed.AppendAsync(Name, told);

    public async IAsyncEnumerable<BootFeedItem> FollowAsync(long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (FeedEvent item in feed.SubscribeAsync(Name, after, cancellationToken))
        {
            if (item.Read<BootFeedEvent>() is { } told)
            {
                yield return new BootFeedItem(item.Sequence, item.At, told);
            }
        }
    }
}
