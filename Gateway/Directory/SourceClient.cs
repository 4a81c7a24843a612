namespace PhaseMesh.Gateway.Directory;

/// <summary>Small answers of providers and silos: in bounded time, of bounded size, from where they were asked for only.</summary>
internal sealed class SourceClient(TimeProvider clock) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        MaxResponseHeadersLength = 16,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names may come to mean other addresses.
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="entityTag">Known already; 304 then gives a null body.</param>
    /// <exception cref="SourceException">Anything but the whole answer.</exception>
    public async Task<SourceAnswer> GetAsync(
        Uri url, int maxBytes, TimeSpan timeout, string? entityTag, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(timeout, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, url);
            if (entityTag is not null)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", entityTag);
            }

            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.StatusCode is System.Net.HttpStatusCode.NotModified)
            {
                return new SourceAnswer(null, entityTag);
            }

            if (response.StatusCode is not System.Net.HttpStatusCode.OK)
            {
                throw new SourceException($"{url} answered {(int)response.StatusCode}, expected 200.");
            }

            return new SourceAnswer(await ReadAsync(url, response, maxBytes, either.Token), response.Headers.ETag?.ToString());
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SourceException($"{url} did not answer whole within {timeout.TotalSeconds} s.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new SourceException($"{url}: {e.Message}", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<byte[]> ReadAsync(Uri url, HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        using MemoryStream body = new();
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        byte[] piece = new byte[16 * 1024];
        while (await stream.ReadAsync(piece, cancellationToken) is > 0 and int read)
        {
            if (body.Length + read > maxBytes)
            {
                throw new SourceException($"{url} answered more than {maxBytes} bytes; it is not read.");
            }

            body.Write(piece, 0, read);
        }

        return body.ToArray();
    }
}

/// <param name="Body">Null: as before.</param>
internal readonly record struct SourceAnswer(byte[]? Body, string? EntityTag);

/// <summary>A provider or silo gave no good answer; the message says which, and why.</summary>
internal sealed class SourceException(string message, Exception? inner = null) : Exception(message, inner);
