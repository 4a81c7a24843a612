using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>What one silo made of one request.</summary>
/// <param name="Status">0: there was no answer of use, and <see cref="Problem"/> says why.</param>
/// <param name="RetryAfter">How long it wants to be left alone.</param>
internal readonly record struct FleetReply(int Status, byte[] Body, string Problem, TimeSpan? RetryAfter)
{
    public bool IsGood => Status is >= 200 and < 300;

    /// <summary>Another silo, or the same one later, may answer otherwise.</summary>
    public bool IsTransient => Status is < 200 or (>= 300 and < 400) or 408 or 429 or >= 500;
}

/// <summary>
/// Signed requests to silos: plain HTTP/1.1 without proxy, cookies, compression or redirects, with bounded answers. A machine's clock may
/// be years off, for which every request is refused; the clock of the silo that refuses is then taken for signing, and for nothing else.
/// </summary>
internal sealed class FleetLink : IDisposable
{
    /// <summary>Nearer than the signature's window: what is this far off is not the reason for a refusal.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _http;
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate();
    private readonly TimeProvider _time;
    private TimeSpan _clockOffset;

    /// <param name="handler">Disposed with this.</param>
    public FleetLink(HttpMessageHandler handler, TimeProvider time) => (_http, _time) = (new HttpMessageInvoker(handler), time);

    /// <summary>The key of this boot, gone with the process.</summary>
    public Ed25519PublicKey Key => _key.PublicKey;

    /// <summary>How far this machine's clock is known to be behind.</summary>
    public TimeSpan ClockOffset => _clockOffset;

    /// <summary>By the best clock known.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() + _clockOffset;

    /// <param name="stayOnLan">Mode local: addresses outside this machine's subnets are not connected to.</param>
    public static HttpMessageHandler CreateHandler(bool stayOnLan) => new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // The signature names the path.
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = stayOnLan ? new LanConnector().ConnectAsync : null,
        MaxResponseHeadersLength = FetchLimits.MaxHeaderKilobytes,
        MaxResponseDrainSize = 0,
    };

    /// <param name="contentType">Of the body.</param>
    /// <param name="limit">From connecting to the answer's last byte.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled; a limit that is over is a reply.</exception>
    public async Task<FleetReply> PostAsync(
        RootUrl url, string path, byte[] body, MediaTypeHeaderValue contentType, TimeSpan limit, CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = new(limit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            return await PostOnceAsync(url, path, body, contentType, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return None($"did not answer within {limit.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (NetworkFaults.IsNetwork(error))
        {
            return None(NetworkFaults.From(error).Detail);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _key.Dispose();
    }

    private async Task<FleetReply> PostOnceAsync(
        RootUrl url, string path, byte[] body, MediaTypeHeaderValue contentType, CancellationToken cancellationToken)
    {
        for (bool wasCorrected = false; ; wasCorrected = true)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, url.At(path)) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = contentType;
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("phase-agent", BuildStamp.Version));
            foreach ((string name, string value) in RequestSignature.Sign("POST", path, body, _key, Now))
            {
                request.Headers.Add(name, value);
            }

            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            FleetReply reply = await ReadAsync(response, cancellationToken);
            if (wasCorrected || reply.IsGood || reply.IsTransient || !Correct(response.Headers.Date))
            {
                return reply;
            }
        }
    }

    private bool Correct(DateTimeOffset? theirs)
    {
        if (theirs is not { } date || (date - Now).Duration() < ClockTolerance)
        {
            return false;
        }

        _clockOffset = date - _time.GetUtcNow();
        return true;
    }

    private async Task<FleetReply> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[FleetLimits.MaxAnswerBytes + 1];
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        int status = (int)response.StatusCode;
        TimeSpan? retryAfter = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - _time.GetUtcNow() : null;
        return length == buffer.Length
            ? None($"answered with more than {FleetLimits.MaxAnswerBytes} bytes")
            : new FleetReply(status, buffer[..length], $"answered with status {status}", retryAfter > TimeSpan.Zero ? retryAfter : null);
    }

    private static FleetReply None(string problem) => new(0, [], problem, null);
}
