using System.Buffers;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Ranges;

namespace PhaseMesh.Serving.Responses;

/// <summary>Answers with an artifact or parts of it: 1. conditions, 2. ranges, 3. can it be had? 4. headers, 5. body.</summary>
public sealed class ArtifactResponse(ArtifactBody body)
{
    private const string ContentType = "application/octet-stream";

    /// <summary>
    /// Every answer that isn't a torn body counts as <see cref="BodyOutcome.Sent"/>; on any other outcome the connection is aborted.
    /// </summary>
    public async Task<BodyOutcome> WriteAsync(HttpContext context, IArtifactSource source, string cacheControl)
    {
        HttpRequest request = context.Request;
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        headers.ETag = source.EntityTag;
        headers.CacheControl = cacheControl;
        headers.AcceptRanges = "bytes";
        headers["Repr-Digest"] = source.ReprDigest;
        if (source.LastModified is { } lastModified)
        {
            headers.LastModified = lastModified.ToString("R");
        }

        // 1.
        switch (Preconditions.Evaluate(request.Headers, source.EntityTag, source.LastModified))
        {
            case PreconditionOutcome.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                return BodyOutcome.Sent;
            case PreconditionOutcome.Failed:
                await Problem.WriteAsync(
                    context, StatusCodes.Status412PreconditionFailed, "Precondition failed", $"The {source.Name} is {source.EntityTag} now.");
                return BodyOutcome.Sent;
        }

        // 2. Range is defined for GET only (RFC 9110 section 14.2).
        bool isGet = HttpMethods.IsGet(request.Method);
        RangeRequest asked = isGet && request.Headers.Range.Count > 0
            && Preconditions.AllowRange(request.Headers, source.EntityTag, source.LastModified)
            ? RangeRequest.Read(request.Headers.Range, source.SizeBytes)
            : RangeRequest.Whole;
        if (!asked.IsSatisfiable)
        {
            headers.ContentRange = $"bytes */{source.SizeBytes}";
            await Problem.WriteAsync(context, StatusCodes.Status416RangeNotSatisfiable, "Range not satisfiable",
                $"The {source.Name} has {source.SizeBytes} bytes; '{request.Headers.Range}' lies past its end.");
            return BodyOutcome.Sent;
        }

        // 3.
        ByteRange whole = new(0, source.SizeBytes);
        if (isGet && await source.FindProblemAsync(asked.Ranges is [var first, ..] ? first : whole, context.RequestAborted) is { } problem)
        {
            foreach (string name in (string[])["ETag", "Last-Modified", "Accept-Ranges", "Repr-Digest"])
            {
                headers.Remove(name);
            }

            await Problem.UnavailableAsync(context, problem);
            return BodyOutcome.Sent;
        }

        // 4. and 5.
        headers.XContentTypeOptions = "nosniff";
        BodyOutcome outcome = asked.Ranges switch
        {
            [] => await SendOneAsync(context, source, StatusCodes.Status200OK, whole),
            [var range] => await SendOneAsync(context, source, StatusCodes.Status206PartialContent, range),
            _ => await SendMultipartAsync(context, source, asked.Ranges),
        };
        if (outcome is not BodyOutcome.Sent)
        {
            // Too short for its Content-Length, so no client can take it for whole.
            context.Abort();
        }

        return outcome;
    }

    private async ValueTask<BodyOutcome> SendOneAsync(HttpContext context, IArtifactSource source, int status, ByteRange range)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.ContentLength = range.LengthBytes;
        if (status == StatusCodes.Status206PartialContent)
        {
            response.Headers.ContentRange = range.ContentRange(source.SizeBytes);
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return BodyOutcome.Sent;
        }

        await response.StartAsync();
        return await body.SendAsync(context, source, range.Offset, range.LengthBytes);
    }

    private async ValueTask<BodyOutcome> SendMultipartAsync(HttpContext context, IArtifactSource source, IReadOnlyList<ByteRange> ranges)
    {
        HttpResponse response = context.Response;
        MultipartFrame frame = new(ranges, source.SizeBytes, ContentType);
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = frame.ContentType;
        response.ContentLength = frame.LengthBytes;
        await response.StartAsync();
        for (int index = 0; index < ranges.Count; index++)
        {
            response.BodyWriter.Write(frame.PartHeaders[index].Span);
            BodyOutcome outcome = await body.SendAsync(context, source, ranges[index].Offset, ranges[index].LengthBytes);
            if (outcome is not BodyOutcome.Sent)
            {
                return outcome;
            }
        }

        await response.BodyWriter.WriteAsync(frame.End);
        return BodyOutcome.Sent;
    }
}
