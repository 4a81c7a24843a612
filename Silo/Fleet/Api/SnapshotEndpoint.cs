using System.Globalization;
using Microsoft.Net.Http.Headers;
using PhaseMesh.Silo.Fleet.Hosting;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>
/// <c>GET /v1/snapshot</c>. With If-None-Match the answer is 304, or, with <c>?wait=SECONDS</c>, comes when something changed: loads and
/// times alone are no change.
/// </summary>
internal static class SnapshotEndpoint
{
    private const int MaxWaitSeconds = 60;

    public static async Task GetAsync(HttpContext context, SnapshotKeeper keeper, FollowerGate followers, TimeProvider clock, string? wait)
    {
        int seconds = wait is null ? 0
            : int.TryParse(wait, NumberStyles.None, CultureInfo.InvariantCulture, out int given) && given <= MaxWaitSeconds ? given
            : throw FleetText.Invalid("wait", $"0 to {MaxWaitSeconds} seconds", wait);
        string known = context.Request.Headers.IfNoneMatch.ToString();
        KeptSnapshot snapshot = await keeper.GetAsync();
        if (seconds > 0 && known == snapshot.EntityTag)
        {
            snapshot = await WaitAsync(context, keeper, followers, snapshot, clock.GetTimestamp(), TimeSpan.FromSeconds(seconds), clock);
        }

        context.Response.Headers.ETag = snapshot.EntityTag;
        context.Response.Headers[HeaderNames.CacheControl] = "no-cache";
        if (known == snapshot.EntityTag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = snapshot.Json.Length;
        await context.Response.Body.WriteAsync(snapshot.Json, context.RequestAborted);
    }

    private static async Task<KeptSnapshot> WaitAsync(
        HttpContext context, SnapshotKeeper keeper, FollowerGate followers, KeptSnapshot known, long began, TimeSpan wait,
        TimeProvider clock)
    {
        using FollowerGate.Place? place = followers.TryEnter();
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, followers.Ending);
        KeptSnapshot snapshot = known;
        while (place is not null && snapshot.EntityTag == known.EntityTag && clock.GetElapsedTime(began) < wait
            && !ended.IsCancellationRequested)
        {
            await Task.Delay(SnapshotKeeper.MaxAge, clock, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            snapshot = await keeper.GetAsync();
        }

        return snapshot;
    }
}
