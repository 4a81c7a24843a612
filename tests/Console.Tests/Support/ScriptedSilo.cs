using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>
/// Answers as a silo does, with whatever a test puts there: thousands of boots at once, and values that a real silo would refuse.
/// </summary>
internal sealed class ScriptedSilo : IAsyncDisposable
{
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<int, Channel<string>> _followers = [];
    private readonly ConcurrentDictionary<string, ScriptedBoot> _boots = [];
    private readonly CancellationTokenSource _ending = new();
    private int _lastFollower;
    private long _sequence;

    private ScriptedSilo(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = new("http://127.0.0.1/");

    /// <summary>
    /// What other paths answer: bytes and texts as they are, others as JSON. The longest that the path and query begin with counts.
    /// </summary>
    public ConcurrentDictionary<string, object> Answers { get; } = [];

    /// <summary>What gateways are told.</summary>
    public object Snapshot { get; set; } = new { version = 1, releases = Array.Empty<object>(), providers = Array.Empty<object>() };

    /// <summary>Last-Event-ID of each that began to follow.</summary>
    public ConcurrentQueue<string> Followed { get; } = [];

    public static async Task<ScriptedSilo> StartAsync(int port = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        WebApplication app = builder.Build();
        ScriptedSilo silo = new(app);
        app.Run(silo.AnswerAsync);
        await app.StartAsync();
        silo.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return silo;
    }

    /// <summary>A boot that the lists have, without an event.</summary>
    public void Put(ScriptedBoot boot) => _boots[boot.BootId] = boot;

    /// <summary>A boot as it is now, told to all who follow.</summary>
    public void Tell(ScriptedBoot boot, string what)
    {
        Put(boot);
        long sequence = Interlocked.Increment(ref _sequence);
        string data = JsonSerializer.Serialize(new { at = TimeProvider.System.GetUtcNow(), boot = boot.InShort(what) }, Json);
        foreach (Channel<string> follower in _followers.Values)
        {
            follower.Writer.TryWrite($"id: {sequence}\nevent: boot\ndata: {data}\n\n");
        }
    }

    /// <summary>Ends every stream, after what was told already.</summary>
    public void BreakStreams()
    {
        foreach (Channel<string> follower in _followers.Values)
        {
            follower.Writer.TryComplete();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _app.DisposeAsync();
        _ending.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path;
        string target = path + context.Request.QueryString;
        string? known = Answers.Keys.Where(key => target.StartsWith(key, StringComparison.Ordinal)).MaxBy(key => key.Length);
        return known is not null ? WriteAsync(context, Answers[known])
            : path == "/v1/snapshot" ? SnapshotAsync(context)
            : path == "/v1/boots/stream" ? FollowAsync(context)
            : path == "/v1/boots" ? ListAsync(context)
            : path.StartsWith("/v1/boots/", StringComparison.Ordinal)
                && _boots.TryGetValue(path["/v1/boots/".Length..], out ScriptedBoot? boot) ? WriteAsync(context, boot)
            : NotFoundAsync(context);
    }

    /// <summary>One that never changes.</summary>
    private Task SnapshotAsync(HttpContext context)
    {
        const string EntityTag = "\"1\"";
        context.Response.Headers.ETag = EntityTag;
        if (context.Request.Headers.IfNoneMatch != EntityTag)
        {
            return WriteAsync(context, Snapshot);
        }

        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    private async Task FollowAsync(HttpContext context)
    {
        Followed.Enqueue(context.Request.Headers["Last-Event-ID"].ToString());
        Channel<string> news = Channel.CreateUnbounded<string>();
        int follower = Interlocked.Increment(ref _lastFollower);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ending.Token);
        context.Response.ContentType = "text/event-stream";
        _followers[follower] = news;
        try
        {
            await context.Response.WriteAsync("retry: 2000\n: scripted\n\n", ended.Token);
            await context.Response.Body.FlushAsync(ended.Token);
            while (await news.Reader.WaitToReadAsync(ended.Token))
            {
                while (news.Reader.TryRead(out string? item))
                {
                    await context.Response.WriteAsync(item, ended.Token);
                }

                await context.Response.Body.FlushAsync(ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The page went away, or this silo ends.
        }
        finally
        {
            _followers.TryRemove(follower, out _);
        }
    }

    /// <summary>In pages, as silos do; of the filters only what the console asks for.</summary>
    private Task ListAsync(HttpContext context)
    {
        int limit = int.Parse(context.Request.Query["limit"].ToString());
        int from = context.Request.Query["after"] is [{ } after] ? int.Parse(after) : 0;
        bool isRunningOnly = context.Request.Query["state"] == "running";
        ScriptedBoot[] all =
        [
            .. _boots.Values.Where(boot => !isRunningOnly || boot.Outcome == "running")
                .OrderByDescending(boot => boot.CreatedAt).ThenBy(boot => boot.BootId, StringComparer.Ordinal),
        ];
        return WriteAsync(context, new
        {
            boots = all.Skip(from).Take(limit),
            next = from + limit < all.Length ? $"{from + limit}" : null,
        });
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            new { type = "urn:phasemesh:problem:not-found", title = "Not found", status = 404, detail = "There is no such thing." },
            Json));
    }

    private static Task WriteAsync(HttpContext context, object answer)
    {
        context.Response.ContentType = answer is string ? "text/plain; charset=utf-8" : "application/json";
        return answer is byte[] bytes
            ? context.Response.Body.WriteAsync(bytes).AsTask()
            : context.Response.WriteAsync(answer as string ?? JsonSerializer.Serialize(answer, Json));
    }
}
