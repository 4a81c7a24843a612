using System.Net;
using System.Net.Http.Headers;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>An answer whose headers say that it is the range asked for (or the whole file, of which the range is a part).</summary>
internal sealed class ArtifactBody : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;

    private ArtifactBody(HttpResponseMessage response, Stream stream, long position, long end)
    {
        (_response, Stream, Position, End) = (response, stream, position, end);
    }

    public Stream Stream { get; }

    /// <summary>The artifact's byte that comes first.</summary>
    public long Position { get; }

    /// <summary>The artifact's byte after the last one of the answer.</summary>
    public long End { get; }

    public static async Task<(ArtifactBody? Body, FetchFault? Fault)> OpenAsync(
        FetchContext context, ArtifactLocation location, ManifestArtifact artifact, long from, long toExclusive, ProgressWatch watch)
    {
        while (true)
        {
            (Uri? url, EntityTagHeaderValue? entityTag) = location.Current;
            if (url is null)
            {
                return (null, new FetchFault(FaultKind.NotFound, $"does not have {artifact.Digest}"));
            }

            bool isWhole = from == 0 && toExclusive == artifact.SizeBytes;
            RangeHeaderValue? range = isWhole ? null : new RangeHeaderValue(from, toExclusive - 1);
            EntityTagHeaderValue? ifRange = isWhole ? null : entityTag;
            (HttpResponseMessage? response, FetchFault? fault) = await context.Transport.GetAsync(
                url, range, ifRange, context.Trace?.Span, watch.Token);
            if (response is null)
            {
                if (fault!.Kind == FaultKind.NotFound && location.NotFoundAt(url))
                {
                    continue;
                }

                return (null, fault);
            }

            fault = Check(response, artifact, from, toExclusive, range is not null, out long position);
            if (fault is not null)
            {
                response.Dispose();
                return (null, fault);
            }

            location.Remember(response.Headers.ETag);
            bool isAll = response.StatusCode == HttpStatusCode.OK;
            location.IgnoresRanges |= range is not null && isAll;
            Stream stream = await response.Content.ReadAsStreamAsync(watch.Token);
            return (new ArtifactBody(response, stream, position, isAll ? artifact.SizeBytes : toExclusive), null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _response.Dispose();
    }

    private static FetchFault? Check(
        HttpResponseMessage response, ManifestArtifact artifact, long from, long toExclusive, bool asksForRange, out long position)
    {
        HttpContentHeaders headers = response.Content.Headers;
        bool isRange = response.StatusCode == HttpStatusCode.PartialContent;
        position = isRange ? from : 0;
        if (headers.ContentEncoding.Count > 0)
        {
            return new FetchFault(FaultKind.WrongEncoding, "sends the file compressed although that was not asked for");
        }

        if (isRange)
        {
            ContentRangeHeaderValue? range = headers.ContentRange;
            if (!asksForRange || range?.From != from || range.To != toExclusive - 1
                || (range.Length ?? artifact.SizeBytes) != artifact.SizeBytes)
            {
                string wanted = asksForRange ? $"{from}-{toExclusive - 1}/{artifact.SizeBytes}" : "the whole file";
                return new FetchFault(FaultKind.WrongRange, $"answered with range {Shown(range)}, expected {wanted}");
            }
        }

        long expected = isRange ? toExclusive - from : artifact.SizeBytes;
        return headers.ContentLength is { } length && length != expected
            ? new FetchFault(FaultKind.WrongLength, $"sends {length} bytes of {artifact.Kind}, expected {expected}")
            : null;
    }

    private static string Shown(ContentRangeHeaderValue? range) => range is null ? "unknown" : $"{range.From}-{range.To}/{range.Length}";
}
