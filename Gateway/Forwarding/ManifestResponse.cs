using PhaseMesh.Manifests;
using PhaseMesh.Serving.Ranges;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>A signed manifest, byte for byte.</summary>
internal static class ManifestResponse
{
    public static async Task WriteAsync(HttpContext context, BootManifest manifest, string cacheControl)
    {
        HttpResponse response = context.Response;
        string entityTag = $"\"{manifest.Digest}\"";
        response.Headers.ETag = entityTag;
        response.Headers.CacheControl = cacheControl;
        switch (Preconditions.Evaluate(context.Request.Headers, entityTag, null))
        {
            case PreconditionOutcome.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            case PreconditionOutcome.Failed:
                await Problem.WriteAsync(
                    context, StatusCodes.Status412PreconditionFailed, "Precondition failed", $"The manifest is {entityTag}.");
                return;
        }

        response.ContentType = "application/json";
        response.ContentLength = manifest.RawBytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.BodyWriter.WriteAsync(manifest.RawBytes);
        }
    }
}
