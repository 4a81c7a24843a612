using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>
/// Asks a replica for a range by HTTP and checks the head of the answer. Connections are kept and reused; the handler looks whether an
/// idle one was closed by the other side before it writes to it, and asks again on a new one where that was missed.
/// </summary>
internal sealed class ReplicaTransport(ForwardingOptions options) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.ConnectTimeout,
        MaxConnectionsPerServer = options.MaxConnectionsPerReplica,
        MaxResponseHeadersLength = 16, // KiB
        MaxResponseDrainSize = 0,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    });

    public static Uri UrlOf(ReplicaEndpoint endpoint, Sha256Digest digest) => new(endpoint.BaseUrl, $"/blobs/{digest}");

    /// <param name="endpoint">Whom.</param>
    /// <param name="digest">Of the artifact.</param>
    /// <param name="offset">From.</param>
    /// <param name="lengthBytes">So many.</param>
    /// <param name="totalBytes">The artifact's size.</param>
    /// <param name="traceParent">W3C's; null: the request is of no trace.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>An answer whose head promises exactly the range, or the replica's fault.</returns>
    /// <exception cref="OperationCanceledException">The token's.</exception>
    public async Task<(HttpResponseMessage? Answer, ReplicaFault? Fault)> OpenAsync(
        ReplicaEndpoint endpoint, Sha256Digest digest, long offset, long lengthBytes, long totalBytes, string? traceParent,
        CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, UrlOf(endpoint, digest))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Range = new RangeHeaderValue(offset, offset + lengthBytes - 1);
        if (traceParent is not null)
        {
            request.Headers.TryAddWithoutValidation(RequestTracing.ParentHeader, traceParent);
        }

        try
        {
            HttpResponseMessage answer = await _client.SendAsync(request, cancellationToken);
            ReplicaFault? fault = FaultIn(answer, offset, lengthBytes, totalBytes);
            if (fault is not null)
            {
                answer.Dispose();
                return (null, fault);
            }

            return (answer, null);
        }
        catch (HttpRequestException e)
        {
            return (null, e.HttpRequestError switch
            {
                HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError =>
                    ReplicaFault.ConnectFailed,
                HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.VersionNegotiationError =>
                    ReplicaFault.WrongStatus,
                _ => ReplicaFault.Reset,
            });
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, ReplicaFault.ConnectFailed); // The handler's connect time-out.
        }
    }

    /// <summary>What an exception in mid-body says of the replica.</summary>
    public static ReplicaFault FaultOf(Exception e) => e switch
    {
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => ReplicaFault.Truncated,
        HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } => ReplicaFault.Overlong,
        { InnerException: SocketException } => ReplicaFault.Reset,
        _ => ReplicaFault.Reset,
    };

    public void Dispose() => _client.Dispose();

    private static ReplicaFault? FaultIn(HttpResponseMessage answer, long offset, long lengthBytes, long totalBytes)
    {
        HttpContentHeaders headers = answer.Content.Headers;
        switch (answer.StatusCode)
        {
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests:
                return ReplicaFault.Busy;
            case HttpStatusCode.OK when offset == 0 && lengthBytes == totalBytes:
                break;
            case HttpStatusCode.OK:
                return ReplicaFault.WrongRange;
            case HttpStatusCode.PartialContent:
                ContentRangeHeaderValue? range = headers.ContentRange;
                if (range is null || range.Unit != "bytes" || range.From != offset || range.To != offset + lengthBytes - 1
                    || (range.HasLength && range.Length != totalBytes))
                {
                    return ReplicaFault.WrongRange;
                }

                break;
            default:
                return ReplicaFault.WrongStatus;
        }

        if (headers.ContentEncoding.Count > 0)
        {
            return ReplicaFault.WrongStatus;
        }

        return headers.ContentLength is not { } announced || announced == lengthBytes ? null
            : announced < lengthBytes ? ReplicaFault.Truncated : ReplicaFault.Overlong;
    }
}
