using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Fleet.Client;

/// <summary>Calls a fleet's API: signed, at the first of its silos that answers; a later call begins with the one that did.</summary>
/// <param name="silos">At least one root URL.</param>
/// <param name="key">Signs every call; null: unsigned ones only. Not disposed of.</param>
/// <param name="timeout">Of one silo's whole answer.</param>
internal sealed class FleetClient(IReadOnlyList<Uri> silos, Ed25519PrivateKey? key, TimeSpan timeout, TimeProvider clock) : IDisposable
{
    public const int MaxAnswerBytes = 16 << 20;

    private readonly HttpClient _http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = timeout })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };

    private int _first;

    /// <summary>Whether calls are signed.</summary>
    public bool IsSigned => key is not null;

    /// <param name="method">GET, POST, PUT or DELETE.</param>
    /// <param name="pathAndQuery">Such as <c>/v1/boots?limit=10</c>, percent-encoded.</param>
    /// <param name="body">Empty for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="contentType">Of the body.</param>
    /// <exception cref="FleetUnreachableException">No silo answered, or all that did were without their database.</exception>
    public async Task<FleetReply> SendAsync(
        HttpMethod method, string pathAndQuery, ReadOnlyMemory<byte> body, CancellationToken cancellationToken,
        string contentType = "application/json")
    {
        List<string> failures = [];
        FleetReply? away = null;
        for (int i = 0; i < silos.Count; i++)
        {
            int index = (_first + i) % silos.Count;
            try
            {
                FleetReply reply = await SendAsync(silos[index], method, pathAndQuery, body, contentType, cancellationToken);
                if (reply.Status != HttpStatusCode.ServiceUnavailable)
                {
                    _first = index;
                    return reply;
                }

                away = reply;
                failures.Add($"{silos[index]}: {reply.Detail}");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                failures.Add($"{silos[index]}: no answer within {timeout.TotalSeconds:0.#} s");
            }
            catch (HttpRequestException failure)
            {
                failures.Add($"{silos[index]}: {failure.Message}");
            }
        }

        throw new FleetUnreachableException(string.Join("; ", failures), away);
    }

    /// <summary>Opens a stream of events at the first silo that answers; the caller disposes of the answer.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string pathAndQuery, string? lastEventId, CancellationToken cancellationToken)
    {
        List<string> failures = [];
        for (int i = 0; i < silos.Count; i++)
        {
            Uri silo = silos[(_first + i) % silos.Count];
            using HttpRequestMessage request = Request(silo, HttpMethod.Get, pathAndQuery, default, "");
            request.Headers.Accept.ParseAdd("text/event-stream");
            if (lastEventId is not null)
            {
                request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
            }

            try
            {
                return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
                    .WaitAsync(timeout, clock, cancellationToken);
            }
            catch (Exception failure) when (failure is HttpRequestException or TimeoutException)
            {
                failures.Add($"{silo}: {failure.Message}");
            }
        }

        throw new FleetUnreachableException(string.Join("; ", failures), null);
    }

    public void Dispose() => _http.Dispose();

    private async Task<FleetReply> SendAsync(
        Uri silo, HttpMethod method, string pathAndQuery, ReadOnlyMemory<byte> body, string contentType,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(timeout, clock);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        using HttpRequestMessage request = Request(silo, method, pathAndQuery, body, contentType);
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, ended.Token);
        byte[] answer = await response.Content.ReadAsByteArrayAsync(ended.Token);
        return new FleetReply(response.StatusCode, response.Content.Headers.ContentType?.MediaType, answer,
            response.Headers.RetryAfter?.Delta);
    }

    /// <summary>A new nonce for each attempt, for a silo that went away may have seen the one before.</summary>
    private HttpRequestMessage Request(Uri silo, HttpMethod method, string pathAndQuery, ReadOnlyMemory<byte> body, string contentType)
    {
        HttpRequestMessage request = new(method, new Uri(silo, pathAndQuery)) { VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        if (!body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };
        }
        else if (method == HttpMethod.Post || method == HttpMethod.Put)
        {
            request.Content = new ByteArrayContent([]);
        }

        if (key is not null)
        {
            foreach ((string name, string value) in RequestSignature.Sign(
                method.Method, request.RequestUri!.PathAndQuery, body.Span, key, clock.GetUtcNow()))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}

/// <summary>No silo gave an answer to work with.</summary>
/// <param name="message">Each silo and what was wrong.</param>
/// <param name="away">The last answer of a silo without its database; null where none answered at all.</param>
internal sealed class FleetUnreachableException(string message, FleetReply? away) : Exception(message)
{
    public FleetReply? Away { get; } = away;
}
