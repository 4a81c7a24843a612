using System.Buffers;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Serving.Bodies;
using PhaseMesh.Silo.Serving.Ranges;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>
/// Answers with an artifact or parts of it: 1. is the file still what it was? 2. conditions, 3. ranges, 4. headers, 5. body.
/// </summary>
internal sealed partial class ArtifactResponse(ArtifactBody body, CatalogOptions options, TimeProvider clock, ILogger<ArtifactResponse> log)
{
    private const string ContentType = "application/octet-stream";

    /// <summary>The caller has acquired the file.</summary>
    public async Task WriteAsync(HttpContext context, ArtifactFile file, string cacheControl)
    {
        // 1.
        if (await FindProblemAsync(file) is { } problem)
        {
            await Problem.UnavailableAsync(context, problem);
            return;
        }

        HttpRequest request = context.Request;
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        headers.ETag = file.EntityTag;
        headers.CacheControl = cacheControl;
        headers.LastModified = file.LastModified.ToString("R");
        headers.AcceptRanges = "bytes";
        headers["Repr-Digest"] = file.ReprDigest;

        // 2.
        switch (Preconditions.Evaluate(request.Headers, file.EntityTag, file.LastModified))
        {
            case PreconditionOutcome.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            case PreconditionOutcome.Failed:
                await Problem.WriteAsync(
                    context, StatusCodes.Status412PreconditionFailed, "Precondition failed", $"The {file.Kind.Name()} is {file.EntityTag} now.");
                return;
        }

        // 3. Range is defined for GET only (RFC 9110 section 14.2).
        RangeRequest asked = HttpMethods.IsGet(request.Method) && request.Headers.Range.Count > 0
            && Preconditions.AllowRange(request.Headers, file.EntityTag, file.LastModified)
            ? RangeRequest.Read(request.Headers.Range, file.SizeBytes)
            : RangeRequest.Whole;
        if (!asked.IsSatisfiable)
        {
            headers.ContentRange = $"bytes */{file.SizeBytes}";
            await Problem.WriteAsync(context, StatusCodes.Status416RangeNotSatisfiable, "Range not satisfiable",
                $"The {file.Kind.Name()} has {file.SizeBytes} bytes; '{request.Headers.Range}' lies past its end.");
            return;
        }

        // 4. and 5.
        headers.XContentTypeOptions = "nosniff";
        BodyOutcome outcome = asked.Ranges switch
        {
            [] => await SendOneAsync(context, file, StatusCodes.Status200OK, new ByteRange(0, file.SizeBytes)),
            [var range] => await SendOneAsync(context, file, StatusCodes.Status206PartialContent, range),
            _ => await SendMultipartAsync(context, file, asked.Ranges),
        };
        if (outcome is BodyOutcome.FileChanged)
        {
            LogChanged(file.Kind.Name(), file.Artifact.Digest);
        }

        if (outcome is not BodyOutcome.Sent)
        {
            // Too short for its Content-Length, so no client can take it for whole.
            context.Abort();
        }
    }

    private async ValueTask<BodyOutcome> SendOneAsync(HttpContext context, ArtifactFile file, int status, ByteRange range)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.ContentLength = range.LengthBytes;
        if (status == StatusCodes.Status206PartialContent)
        {
            response.Headers.ContentRange = range.ContentRange(file.SizeBytes);
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return BodyOutcome.Sent;
        }

        await response.StartAsync();
        return await body.SendAsync(context, file, range.Offset, range.LengthBytes);
    }

    private async ValueTask<BodyOutcome> SendMultipartAsync(HttpContext context, ArtifactFile file, IReadOnlyList<ByteRange> ranges)
    {
        HttpResponse response = context.Response;
        MultipartFrame frame = new(ranges, file.SizeBytes, ContentType);
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = frame.ContentType;
        response.ContentLength = frame.LengthBytes;
        await response.StartAsync();
        for (int index = 0; index < ranges.Count; index++)
        {
            response.BodyWriter.Write(frame.PartHeaders[index].Span);
            BodyOutcome outcome = await body.SendAsync(context, file, ranges[index].Offset, ranges[index].LengthBytes);
            if (outcome is not BodyOutcome.Sent)
            {
                return outcome;
            }
        }

        await response.BodyWriter.WriteAsync(frame.End);
        return BodyOutcome.Sent;
    }

    private async ValueTask<string?> FindProblemAsync(ArtifactFile file)
    {
        ValueTask<bool> intact = file.IsIntactAsync();
        if (!intact.IsCompleted)
        {
            Task<bool> verification = intact.AsTask();
            try
            {
                return await verification.WaitAsync(options.ReverificationPatience, clock) ? null : file.StaleBecause;
            }
            catch (TimeoutException)
            {
                return $"The {file.Kind.Name()} on disk was touched and is being verified again.";
            }
        }

        return await intact ? null : file.StaleBecause;
    }

    [LoggerMessage(1201, LogLevel.Warning, "The {Kind} {Digest} changed on disk while it was sent; the download was cut off")]
    private partial void LogChanged(string kind, Sha256Digest digest);
}
