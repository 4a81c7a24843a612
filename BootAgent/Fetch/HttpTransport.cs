using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Tracing;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>A response whose status is 200 or 206, or what went wrong.</summary>
internal readonly record struct HttpAnswer(HttpResponseMessage? Response, FetchFault? Fault);

/// <summary>
/// Plain HTTP/1.1 GETs: no proxy, cookies, compression or automatic redirects, and headers of bounded size. URLs of nodes reached over
/// libp2p go to a handler that speaks for them.
/// </summary>
internal sealed class HttpTransport : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly Libp2pFetchHandler? _libp2p;
    private readonly HttpMessageInvoker? _overLibp2p;

    /// <param name="connect">Null: a TCP connection to the URL's host.</param>
    /// <param name="libp2p">Null: nobody is asked over libp2p. Disposed with this.</param>
    public HttpTransport(
        FetchLimits limits, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null,
        Libp2pFetchHandler? libp2p = null)
    {
        _libp2p = libp2p;
        _overLibp2p = libp2p is null ? null : new HttpMessageInvoker(libp2p);
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = connect,
            ConnectTimeout = limits.ConnectTimeLimit,
            MaxResponseHeadersLength = FetchLimits.MaxHeaderKilobytes,
            // A response that is given up is not read to its end for the sake of the connection.
            MaxResponseDrainSize = 0,
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("phase-agent", BuildStamp.Version));
    }

    /// <param name="ifRange">Only with a range: another version of the file comes whole, with status 200.</param>
    /// <param name="span">The step the request is a part of; its trace learns that somebody has answered. Null: not recorded.</param>
    public async Task<HttpAnswer> GetAsync(
        Uri url, RangeHeaderValue? range, EntityTagHeaderValue? ifRange, BootSpan? span, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response;
            try
            {
                using HttpRequestMessage request = new(HttpMethod.Get, url);
                request.Headers.Range = range;
                request.Headers.IfRange = ifRange is null ? null : new RangeConditionHeaderValue(ifRange);
                if (span is not null)
                {
                    request.Headers.Add("traceparent", span.TraceParent);
                }

                response = url.Scheme == ProviderUrl.Libp2pScheme && _overLibp2p is not null
                    ? await _overLibp2p.SendAsync(request, cancellationToken)
                    : await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            }
            catch (Exception error) when (NetworkFaults.IsNetwork(error))
            {
                return new HttpAnswer(null, NetworkFaults.From(error));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The handler's own connect time limit.
                return new HttpAnswer(null, new FetchFault(FaultKind.Unreachable, "did not accept the connection in time"));
            }

            span?.Trace.Reached(url.Authority);
            int status = (int)response.StatusCode;
            if (status is 200 or 206)
            {
                return new HttpAnswer(response, null);
            }

            Uri? location = response.Headers.Location;
            RetryConditionHeaderValue? retryAfter = response.Headers.RetryAfter;
            DateTimeOffset? itsTime = response.Headers.Date;
            response.Dispose();
            if (status is not (301 or 302 or 303 or 307 or 308))
            {
                FetchFault statusFault = StatusFault(status, url);
                return new HttpAnswer(null, status is 429 or 503 ? Busy(statusFault, retryAfter, itsTime) : statusFault);
            }

            if (Redirected(url, location, redirects, out Uri? next) is { } fault)
            {
                return new HttpAnswer(null, fault);
            }

            url = next!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _overLibp2p?.Dispose();
        await (_libp2p?.CloseAsync() ?? Task.CompletedTask);
    }

    private static FetchFault StatusFault(int status, Uri url)
    {
        string path = ParameterValues.Shown(url.AbsolutePath);
        return status switch
        {
            404 or 410 => new FetchFault(FaultKind.NotFound, $"has no {path} (status {status})"),
            408 or 429 or >= 500 => new FetchFault(FaultKind.ServerError, $"answered {path} with status {status}"),
            416 => new FetchFault(FaultKind.WrongLength, $"says that {path} is shorter than the manifest does (status 416)"),
            _ => new FetchFault(FaultKind.RequestRefused, $"answered {path} with status {status}"),
        };
    }

    /// <summary>A date is by the server's clock: this machine's may be decades off.</summary>
    private static FetchFault Busy(FetchFault fault, RetryConditionHeaderValue? retryAfter, DateTimeOffset? itsTime)
    {
        TimeSpan? asked = retryAfter?.Delta ?? retryAfter?.Date - itsTime;
        return asked > TimeSpan.Zero
            ? fault with { Detail = $"{fault.Detail}: busy, asks to come back in {asked.Value.TotalSeconds:0} s", RetryAfter = asked }
            : fault;
    }

    private static FetchFault? Redirected(Uri url, Uri? location, int redirects, out Uri? next)
    {
        next = null;
        if (redirects >= FetchLimits.MaxRedirects)
        {
            return new FetchFault(FaultKind.RedirectRefused, $"redirects more than {FetchLimits.MaxRedirects} times (a loop?)");
        }

        if (location is null || !Uri.TryCreate(url, location, out next))
        {
            return new FetchFault(FaultKind.RedirectRefused, "redirects without saying where to");
        }

        return next.Scheme == Uri.UriSchemeHttp
            ? null
            : new FetchFault(FaultKind.RedirectRefused, $"redirects to {ParameterValues.Shown(next.Scheme)}:, only http: is followed");
    }
}
