using System.Globalization;
using System.Text.Json;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Silo.Fleet.Hosting;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>
/// <c>GET /v1/boots/stream</c>: server-sent events (HTML Living Standard, 9.2). <c>id</c> is the event's sequence number, which any silo
/// takes back as Last-Event-ID and goes on from; a comment every 15 s shows that the line is alive.
/// </summary>
internal static class BootStream
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public static async Task FollowAsync(
        HttpContext context, IBootFeed feed, FollowerGate followers, TimeProvider clock, string? boot, string? channel, string? arch,
        string? after)
    {
        string? last = context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header : after;
        long? from = FleetText.NumberOf("Last-Event-ID", last);
        (string? boots, string? channels, string? archs) =
            (boot is null ? null : FleetText.BootIdOf(boot), FleetText.PlainOf("channel", channel), FleetText.ArchOf(arch));
        using FollowerGate.Place? place = followers.TryEnter();
        if (place is null)
        {
            await FleetProblem.TooMany($"{FollowerGate.MaxFollowers} follow already, the most one silo serves; try another.", Silence)
                .WriteAsync(context);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, followers.Ending);
        try
        {
            await context.Response.WriteAsync("retry: 2000\n: phasemesh boots\n\n", ended.Token);
            await context.Response.Body.FlushAsync(ended.Token);
            await PumpAsync(
                context.Response, feed.FollowAsync(from, ended.Token).GetAsyncEnumerator(ended.Token),
                told => (boots is null || told.BootId == boots) && (channels is null || told.Channel == channels)
                    && (archs is null || told.Arch == archs),
                clock, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The caller went away, or this silo drains; the caller goes on at another.
        }
    }

    private static async Task PumpAsync(
        HttpResponse response, IAsyncEnumerator<BootFeedItem> items, Func<BootFeedEvent, bool> isWanted, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        await using (items)
        {
            Task<bool> next = items.MoveNextAsync().AsTask();
            while (true)
            {
                if (!next.IsCompleted)
                {
                    await response.Body.FlushAsync(cancellationToken);
                    using CancellationTokenSource quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    Task silence = Task.Delay(Silence, clock, quiet.Token);
                    if (await Task.WhenAny(next, silence) == silence && !next.IsCompleted)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        await response.WriteAsync(":\n\n", cancellationToken);
                        continue;
                    }

                    await quiet.CancelAsync();
                }

                if (!await next)
                {
                    return;
                }

                BootFeedItem item = items.Current;
                if (isWanted(item.Event))
                {
                    string id = item.Sequence.ToString(CultureInfo.InvariantCulture);
                    string data = JsonSerializer.Serialize(new BootNewsAnswer(item.At, item.Event), FleetJson.Options);
                    await response.WriteAsync($"id: {id}\nevent: boot\ndata: {data}\n\n", cancellationToken);
                }

                next = items.MoveNextAsync().AsTask();
            }
        }
    }
}

/// <param name="At">When it was written.</param>
/// <param name="Boot">The boot after it, in short.</param>
internal sealed record BootNewsAnswer(DateTimeOffset At, BootFeedEvent Boot);
