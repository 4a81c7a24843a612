using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Answers GETs of <c>libp2p://PEER/...</c> by <c>/deboot/fetch/1.0.0</c>, in the words of HTTP, so that verifying, resuming and striping
/// know no difference. What that protocol can ask for are manifests and artifacts by their digest; everything else is not found.
/// </summary>
internal sealed class Libp2pFetchHandler(Libp2pHost host, FetchLimits limits, TimeProvider time) : HttpMessageHandler
{
    private const string BlobsPath = "/blobs/";

    // The watch over each request is stricter than these, which are for the case that nobody watches.
    private readonly FetchClient _client = new(host, new FetchClientOptions
    {
        AnswerTimeout = limits.ManifestAttemptLimit,
        IdleTimeout = limits.NoProgressLimit,
        TimeProvider = time,
    });

    private readonly ConcurrentDictionary<Task, bool> _closing = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { } url || !ProviderUrl.TryGetPeer(url, out PeerId peer)
            || !TryTranslate(url.AbsolutePath, request.Headers.Range, out FetchRequest? wanted))
        {
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        }

        try
        {
            return Answer(await _client.FetchAsync(peer, wanted, cancellationToken), request.Headers.Range is not null);
        }
        catch (FetchRefusedException refused)
        {
            return new HttpResponseMessage(refused.Code switch
            {
                FetchErrorCode.NotFound => HttpStatusCode.NotFound,
                FetchErrorCode.BadRange => HttpStatusCode.RequestedRangeNotSatisfiable,
                FetchErrorCode.Busy or FetchErrorCode.Unavailable => HttpStatusCode.ServiceUnavailable,
                _ => HttpStatusCode.BadRequest,
            });
        }
    }

    /// <summary>Until every stream is closed.</summary>
    public Task CloseAsync() => Task.WhenAll(_closing.Keys);

    private static bool TryTranslate(string path, RangeHeaderValue? range, [NotNullWhen(true)] out FetchRequest? wanted)
    {
        wanted = null;
        if (path.StartsWith(BlobsPath, StringComparison.Ordinal))
        {
            if (Sha256Digest.TryParse(path[BlobsPath.Length..], out Sha256Digest digest))
            {
                RangeItemHeaderValue? part = range?.Ranges.Single();
                wanted = FetchRequest.Artifact(digest.ToString(), part?.From, part is null ? null : part.To - part.From + 1);
            }
        }
        else if (path.EndsWith(ManifestPlaces.FileName, StringComparison.Ordinal))
        {
            string[] names = path[..^ManifestPlaces.FileName.Length].Split('/', StringSplitOptions.RemoveEmptyEntries);
            wanted = names.Length == 2 ? FetchRequest.Manifest(names[0], names[1]) : FetchRequest.Manifest();
        }

        return wanted is not null;
    }

    private HttpResponseMessage Answer(FetchResponse response, bool isPart)
    {
        HttpResponseMessage answer = new(isPart ? HttpStatusCode.PartialContent : HttpStatusCode.OK)
        {
            Content = new Content(this, response),
        };
        answer.Content.Headers.ContentLength = response.LengthBytes;
        if (isPart && response.LengthBytes > 0)
        {
            answer.Content.Headers.ContentRange =
                new ContentRangeHeaderValue(response.Offset, response.Offset + response.LengthBytes - 1, response.SizeBytes);
        }

        return answer;
    }

    private void Close(FetchResponse response)
    {
        Task closing = response.DisposeAsync().AsTask();
        if (!closing.IsCompleted)
        {
            _closing[closing] = true;
            closing.ContinueWith(ended => _closing.TryRemove(ended, out _), TaskScheduler.Default);
        }
    }

    /// <summary>The body, and the stream it comes on, which is reset when the body is given up before its end.</summary>
    private sealed class Content(Libp2pFetchHandler owner, FetchResponse response) : HttpContent
    {
        private int _isClosed;

        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(response.Body);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => response.Body.CopyToAsync(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = response.LengthBytes;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && Interlocked.Exchange(ref _isClosed, 1) == 0)
            {
                owner.Close(response);
            }

            base.Dispose(disposing);
        }
    }
}
