using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Silo.Fleet.Traces;

internal enum CollectorAnswer
{
    Taken,

    /// <summary>It may take the same later.</summary>
    NotNow,

    Refused,
}

/// <summary>
/// Posts OTLP/JSON: over HTTP collectors take JSON where they take protobuf. What may be sent again is OTLP's to say:
/// https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
/// </summary>
internal sealed class CollectorClient(TraceSettings settings, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan LongestWish = TimeSpan.FromMinutes(1);

    // No span of a span: the relay's own requests belong to no trace.
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = 64 << 10,
    };

    /// <returns>What it says; with <see cref="CollectorAnswer.NotNow"/> when to come again, if it said so, and otherwise why.</returns>
    public async Task<(CollectorAnswer Answer, TimeSpan Wish, string Why)> PostAsync(byte[] traces, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(settings.Timeout, clock);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        using HttpRequestMessage request = new(HttpMethod.Post, settings.Endpoint);
        request.Content = new ByteArrayContent(traces) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        foreach (string pair in settings.Headers?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                request.Headers.TryAddWithoutValidation(pair[..equals].Trim(), Uri.UnescapeDataString(pair[(equals + 1)..].Trim()));
            }
        }

        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, ended.Token);
            string why = $"it answers {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)}";
            return response.StatusCode switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => (CollectorAnswer.Taken, default, ""),
                HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
                    or HttpStatusCode.GatewayTimeout => (CollectorAnswer.NotNow, WishOf(response.Headers.RetryAfter), why),
                _ => (CollectorAnswer.Refused, default, why),
            };
        }
        catch (HttpRequestException failure)
        {
            return (CollectorAnswer.NotNow, default, failure.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (CollectorAnswer.NotNow, default, $"no answer within {settings.Timeout.TotalSeconds:0.#} s");
        }
    }

    public void Dispose() => _http.Dispose();

    private TimeSpan WishOf(RetryConditionHeaderValue? retry)
    {
        TimeSpan wish = retry?.Delta ?? retry?.Date - clock.GetUtcNow() ?? default;
        return wish > LongestWish ? LongestWish : wish < TimeSpan.Zero ? TimeSpan.Zero : wish;
    }
}
