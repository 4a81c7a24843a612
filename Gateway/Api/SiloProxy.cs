using System.Net;
using Microsoft.AspNetCore.Http.Features;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Serving.Responses;
using PhaseMesh.Telemetry.Tracing;
using Yarp.ReverseProxy.Forwarder;

namespace PhaseMesh.Gateway.Api;

/// <summary>
/// <c>/v1/...</c> is the silos'. A silo that can't be connected to costs nothing but the next one's turn; one that fails later, or says 502
/// to 504, does so for GET and HEAD only, since anything else may have been done already.
/// </summary>
internal sealed class SiloProxy(LiveOptions options, IHttpForwarder forwarder, RequestGauge requests) : IDisposable
{
    /// <summary>The silos' limit of a body, a manifest.</summary>
    public const long MaxBodyBytes = 1 << 20;

    // Streams of events are kept alive by their silo at least this often.
    private static readonly ForwarderRequestConfig Config = new()
    {
        ActivityTimeout = TimeSpan.FromMinutes(2),
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null, // The client's own header goes on, or that of the span here.
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    });

    private int _preferred;

    public async Task HandleAsync(HttpContext context)
    {
        IReadOnlyList<Uri> silos = options.Current.Silos;
        if (silos.Count == 0)
        {
            await GatewayEndpoints.OtherwiseAsync(context);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBodyBytes;
        }

        string method = context.Request.Method;
        bool isSafe = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

        // Nobody ends a stream of events but its reader: a gateway that stops would wait for it in vain.
        bool isStream = context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.Ordinal);
        CancellationToken ending = isStream ? requests.Draining : CancellationToken.None;
        int first = Volatile.Read(ref _preferred);
        for (int turn = 0; turn < silos.Count; turn++)
        {
            int index = (first + turn) % silos.Count;
            Answer answer = new(passesFailures: !isSafe || turn == silos.Count - 1);
            ForwarderError error = await forwarder.SendAsync(
                context, silos[index].GetLeftPart(UriPartial.Authority), _client, Config, answer, ending);
            if (error is ForwarderError.None && !answer.IsHeldBack)
            {
                Volatile.Write(ref _preferred, index);
                return;
            }

            bool isUnsent = context.Features.Get<IForwarderErrorFeature>()?.Exception
                is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
            if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested || ending.IsCancellationRequested)
            {
                return;
            }

            if (!isSafe && !isUnsent)
            {
                break;
            }

            context.Response.Clear();
        }

        if (context.Response.StatusCode is not (StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge))
        {
            context.Response.Clear();
            await Problem.UnavailableAsync(context, "No silo gave an answer; it is not known whether a change was made.");
        }
    }

    public void Dispose() => _client.Dispose();

    /// <param name="passesFailures">Whether the client is to see that a silo is unavailable.</param>
    private sealed class Answer(bool passesFailures) : HttpTransformer
    {
        public bool IsHeldBack { get; private set; }

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            if (GatewayTraces.CurrentId is { } parent)
            {
                proxyRequest.Headers.Remove(RequestTracing.ParentHeader);
                proxyRequest.Headers.TryAddWithoutValidation(RequestTracing.ParentHeader, parent);
            }
        }

        public override ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            IsHeldBack = !passesFailures && (proxyResponse?.StatusCode
                is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
            return IsHeldBack ? ValueTask.FromResult(false) : base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        }
    }
}
