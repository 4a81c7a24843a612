using System.Text.Json;

namespace PhaseMesh.Cluster.Feeds;

/// <summary>
/// Events that grains tell every silo. An event is stored by the same transaction as the write of its turn: it is there if and only if
/// the write is. All subscribers see all events of a feed in one order, in which the events of one grain are in the order of its
/// versions. Events are kept for a bounded time and number (<c>GrainClusterOptions.EventRetention</c>, <c>MaxEvents</c>).
/// </summary>
public interface IEventFeed
{
    /// <summary>Largest event, in UTF-8 bytes of its JSON.</summary>
    const int MaxEventBytes = 16 * 1024;

    /// <summary>Longest name of a feed: letters, digits, dot, dash, underscore.</summary>
    const int MaxFeedNameLength = 64;

    /// <summary>
    /// Adds an event to this turn; it goes out with the turn's <c>WriteStateAsync</c>, which must follow. At most 16 per turn.
    /// </summary>
    /// <exception cref="GrainRuleException">Called outside a turn, after its write, or in a read-only one.</exception>
    /// <exception cref="ArgumentException">The event is too large, or the feed's name breaks its rule.</exception>
    ValueTask AppendAsync<TEvent>(string feed, TEvent payload);

    /// <summary>
    /// Events after <paramref name="after"/> as they come, without end. Starting behind what is still kept begins with the oldest kept
    /// event. Storage failures are waited out.
    /// </summary>
    /// <param name="feed">The feed's name.</param>
    /// <param name="after">The <see cref="FeedEvent.Sequence"/> seen last; 0: from the oldest; null: only what comes from now on.</param>
    /// <param name="cancellationToken">Ends the subscription.</param>
    IAsyncEnumerable<FeedEvent> SubscribeAsync(string feed, long? after = null, CancellationToken cancellationToken = default);

    /// <summary>Up to <paramref name="limit"/> (1 to 1000) kept events after <paramref name="after"/>, without waiting for more.</summary>
    Task<IReadOnlyList<FeedEvent>> ReadAsync(string feed, long after, int limit = 100, CancellationToken cancellationToken = default);
}

/// <param name="Sequence">Grows along all feeds; with gaps.</param>
/// <param name="Feed">The feed's name.</param>
/// <param name="Key">The key of the grain that told it.</param>
/// <param name="Version">The version of that grain's state written with it.</param>
/// <param name="At">When, by the storage's clock.</param>
/// <param name="Payload">The event's JSON.</param>
public sealed record FeedEvent(long Sequence, string Feed, string Key, long Version, DateTimeOffset At, string Payload)
{
    public TEvent? Read<TEvent>(JsonSerializerOptions? options = null) =>
        JsonSerializer.Deserialize<TEvent>(Payload, options ?? Engine.StateJson.DefaultOptions);
}
