using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>
/// A silo's own look at a chunk that somebody says is bad: it asks the accused one for it and hashes what comes. So nobody needs to be
/// believed, and nobody can accuse a provider that sends what it should. One look at a provider in 10 s, four at a time: being accused
/// costs a provider little, accusing costs the silo little.
/// </summary>
internal sealed class ChunkCheck(IGrainFactory grains, TimeProvider clock) : IDisposable
{
    private const int AtOnce = 4;
    private const int MaxRemembered = 10_000;
    private const int MaxChunkBytes = 16 << 20;

    /// <summary>A call ends within 5 s.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxResponseHeadersLength = 16,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly Dictionary<string, long> _lookedAt = new(StringComparer.Ordinal);

    /// <returns>The digest of what came, where that is not the chunk; null where nothing wrong was seen.</returns>
    /// <exception cref="FleetRefusedException">It was looked at a moment ago, or too many are being looked at.</exception>
    public async Task<Sha256Digest?> FindWrongAsync(string provider, MisbehaviourCall told, CancellationToken cancellationToken)
    {
        ProviderView? view = await grains.GetGrain<IProviderGrain>(provider).GetAsync();
        if (view is null or { State: ProviderState.Quarantined or ProviderState.Gone }
            || await FindChunkAsync(told) is not { LengthBytes: <= MaxChunkBytes } chunk)
        {
            return null;
        }

        if (!MayLookAt(provider) || !await _turns.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw new FleetRefusedException(RefusalKind.TooMany, FleetRefusals.TooMany,
                $"{provider} was looked at within {Pause.TotalSeconds:0} s, or too many others are being looked at; tell it again later.");
        }

        try
        {
            foreach (string text in view.Urls)
            {
                if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
                    && await FetchAsync(url, told.Artifact, chunk, cancellationToken) is { } found)
                {
                    return found == chunk.Expected ? null : found;
                }
            }

            return null;
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _turns.Dispose();
    }

    private async Task<WantedChunk?> FindChunkAsync(MisbehaviourCall told)
    {
        if (!Sha256Digest.TryParse(told.Manifest, out _) || !Sha256Digest.TryParse(told.Artifact, out Sha256Digest digest)
            || await grains.GetGrain<IManifestGrain>(told.Manifest).GetAsync() is not { } bytes
            || BootManifest.Parse(bytes).Artifacts.Values.FirstOrDefault(each => each.Digest == digest) is not { Chunks: { } chunks }
            || told.Chunk < 0 || told.Chunk >= chunks.Count)
        {
            return null;
        }

        (long offset, int length) = chunks.RangeOf(told.Chunk);
        return new WantedChunk(offset, length, chunks[told.Chunk]);
    }

    private bool MayLookAt(string provider)
    {
        long now = clock.GetTimestamp();
        lock (_lookedAt)
        {
            if (_lookedAt.TryGetValue(provider, out long before) && clock.GetElapsedTime(before, now) < Pause)
            {
                return false;
            }

            if (_lookedAt.Count >= MaxRemembered)
            {
                _lookedAt.Clear();
            }

            _lookedAt[provider] = now;
            return true;
        }
    }

    /// <returns>Null when it did not give as many bytes as the chunk has, which is no proof of anything.</returns>
    private async Task<Sha256Digest?> FetchAsync(Uri url, string artifact, WantedChunk chunk, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(Limit, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(url, $"/blobs/{artifact}"));
            request.Headers.Range = new RangeHeaderValue(chunk.Offset, chunk.Offset + chunk.LengthBytes - 1);
            using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (answer.StatusCode is not HttpStatusCode.PartialContent || answer.Content.Headers.ContentRange is not { } range
                || range.From != chunk.Offset || range.To != chunk.Offset + chunk.LengthBytes - 1)
            {
                return null;
            }

            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using Stream body = await answer.Content.ReadAsStreamAsync(either.Token);
            byte[] piece = new byte[64 << 10];
            int total = 0;
            while (total < chunk.LengthBytes
                && await body.ReadAsync(piece.AsMemory(0, Math.Min(piece.Length, chunk.LengthBytes - total)), either.Token)
                    is > 0 and int read)
            {
                hash.AppendData(piece.AsSpan(0, read));
                total += read;
            }

            return total == chunk.LengthBytes ? new Sha256Digest(hash.GetHashAndReset()) : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null; // Out of reach from here: nothing is seen, so nothing is proven.
        }
    }

    private sealed record WantedChunk(long Offset, int LengthBytes, Sha256Digest Expected);
}
