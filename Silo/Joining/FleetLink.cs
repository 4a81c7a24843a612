using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Silo.Joining;

/// <summary>
/// One signed call to one silo: plain HTTP/1.1 without proxy, cookies or redirects, with a bounded answer. A machine without a battery wakes
/// up years off, for which every call is refused; the clock of the silo that refuses is then taken for signing, and for nothing else.
/// </summary>
/// <param name="handler">Disposed with this.</param>
/// <param name="key">The node's; not disposed of.</param>
internal sealed class FleetLink(HttpMessageHandler handler, Ed25519PrivateKey key, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _http = new(handler);
    private TimeSpan _clockOffset;

    /// <summary>By the best clock known.</summary>
    public DateTimeOffset Now => clock.GetUtcNow() + _clockOffset;

    /// <param name="mode">In mode local, addresses outside this machine's subnets are not connected to.</param>
    public static HttpMessageHandler CreateHandler(ProviderMode mode) => new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // The signature names the path.
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = mode is ProviderMode.Local ? ConnectOnLinkAsync : null,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names may come to mean other silos.
    };

    /// <summary>Any failure is an answer.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<FleetAnswer> SendAsync(
        Uri silo, HttpMethod method, string path, byte[] body, TimeSpan limit, CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = new(limit, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            return await SendOnceAsync(silo, method, path, body, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return FleetAnswer.None($"no answer within {limit.TotalSeconds:0.#} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return FleetAnswer.None(failure.InnerException?.Message ?? failure.Message);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<FleetAnswer> SendOnceAsync(
        Uri silo, HttpMethod method, string path, byte[] body, CancellationToken cancellationToken)
    {
        for (bool wasCorrected = false; ; wasCorrected = true)
        {
            using HttpRequestMessage request = new(method, new Uri(silo, path)) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = body.Length == 0 ? null : new MediaTypeHeaderValue("application/json");
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("plasmd", ProductVersion));
            foreach ((string name, string value) in RequestSignature.Sign(method.Method, request.RequestUri!.PathAndQuery, body, key, Now))
            {
                request.Headers.Add(name, value);
            }

            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            FleetAnswer answer = await ReadAsync(response, cancellationToken);
            if (wasCorrected || answer.IsGood || answer.IsTransient || !Correct(response.Headers.Date))
            {
                return answer;
            }
        }
    }

    /// <summary>What may stand in a User-Agent of the version, which may carry a build's name.</summary>
    private static string ProductVersion => Commands.VersionAction.Version.Split('+', ' ')[0];

    private bool Correct(DateTimeOffset? theirs)
    {
        if (theirs is not { } date || (date - Now).Duration() < ClockTolerance)
        {
            return false;
        }

        _clockOffset = date - clock.GetUtcNow();
        return true;
    }

    private async Task<FleetAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[JoiningLimits.MaxAnswerBytes + 1];
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        TimeSpan? retryAfter = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - clock.GetUtcNow() : null;
        return length == buffer.Length
            ? FleetAnswer.None($"its answer has more than {JoiningLimits.MaxAnswerBytes} bytes")
            : FleetAnswer.Read(response.StatusCode, buffer.AsMemory(0, length), retryAfter > TimeSpan.Zero ? retryAfter : null);
    }

    private static async ValueTask<Stream> ConnectOnLinkAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        IPAddress[] known = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        NetworkLink[] links =
        [
            .. NetworkInterface.GetAllNetworkInterfaces().Select((face, at) => new NetworkLink(at + 1, face.Name,
                [.. face.GetIPProperties().UnicastAddresses.Select(each => new LinkAddress(each.Address, each.PrefixLength))])),
        ];
        IPAddress[] near = [.. known.Where(address => IPAddress.IsLoopback(address) || links.Any(link => link.IsOnLink(address)))];
        if (near.Length == 0)
        {
            throw new IOException($"{context.DnsEndPoint.Host} is outside this machine's subnets, which mode local does not leave");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(near, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
