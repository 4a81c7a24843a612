using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PhaseMesh.Gateway.Tests.Api;

/// <summary>A call with a body.</summary>
internal sealed record FakeSiloBody(string Method, string PathAndQuery, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>Answers as a silo does, or as one in trouble.</summary>
internal sealed class FakeSilo : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<FakeSiloBody> _bodies = [];
    private int _calls;
    private int _snapshotCalls;

    private FakeSilo(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = new("http://127.0.0.1/");

    public string Name { get; init; } = "silo";

    /// <summary>Of everything but the snapshot.</summary>
    public int Status { get; set; } = 200;

    public string Snapshot { get; set; } = """{"version":1,"releases":[],"providers":[]}""";

    /// <summary>How often the snapshot was asked for and given.</summary>
    public int SnapshotCalls => Volatile.Read(ref _snapshotCalls);

    /// <summary>Calls but for the snapshot.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Those that came so far.</summary>
    public IReadOnlyList<FakeSiloBody> Bodies
    {
        get
        {
            lock (_bodies)
            {
                return [.. _bodies];
            }
        }
    }

    public TaskCompletionSource SecondEvent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FakeSilo> StartAsync(string name)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        FakeSilo silo = new(app) { Name = name };
        app.Run(silo.AnswerAsync);
        await app.StartAsync();
        silo.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return silo;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/v1/snapshot")
        {
            string entityTag = $"\"{Snapshot.GetHashCode(StringComparison.Ordinal)}\"";
            context.Response.Headers.ETag = entityTag;
            context.Response.StatusCode = context.Request.Headers.IfNoneMatch == entityTag ? 304 : 200;
            await (context.Response.StatusCode == 304 ? Task.CompletedTask : context.Response.WriteAsync(Snapshot));
            Interlocked.Increment(ref _snapshotCalls);
            return;
        }

        Interlocked.Increment(ref _calls);
        if (context.Request.Path == "/v1/boots/stream")
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: first\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await SecondEvent.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("data: second\n\n", context.RequestAborted);
            return;
        }

        HttpRequest request = context.Request;
        using MemoryStream bytes = new();
        await request.Body.CopyToAsync(bytes);
        string body = Encoding.UTF8.GetString(bytes.ToArray());
        if (body.Length > 0)
        {
            lock (_bodies)
            {
                _bodies.Add(new FakeSiloBody(
                    request.Method, $"{request.Path.ToUriComponent()}{request.QueryString}",
                    request.Headers.ToDictionary(each => each.Key, each => each.Value.ToString(), StringComparer.OrdinalIgnoreCase), bytes.ToArray()));
            }
        }

        context.Response.StatusCode = Status;
        await context.Response.WriteAsync(
            $"{Name} {request.Method} {request.Path}{request.QueryString} {request.Headers["Phase-Key"]} {body}");
    }
}
