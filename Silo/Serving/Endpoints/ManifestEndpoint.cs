using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>The signed manifest, byte for byte as its signer wrote it. The path most often asked for, so it allocates next to nothing.</summary>
internal sealed class ManifestEndpoint(ReleaseCatalog catalog)
{
    public const string DigestParameter = "digest";

    public Task GetAsync(HttpContext context)
    {
        CatalogSnapshot current = catalog.Current;
        if (context.Request.QueryString.HasValue && context.Request.Query[DigestParameter] is [{ } text])
        {
            return Sha256Digest.TryParse(text, out Sha256Digest digest) && current.Manifests.TryGetValue(digest, out Release? exact)
                ? WriteAsync(context, exact, CachePolicy.Immutable)
                : Problem.NotFoundAsync(context, $"No manifest {text} is held here; it was replaced, or never served.");
        }

        return SlotRoute.Release(context, current, out Task answered) is { } release
            ? WriteAsync(context, release, CachePolicy.Revalidate)
            : answered;
    }

    public static Task WriteAsync(HttpContext context, Release release, string cacheControl)
    {
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        headers.ETag = release.ManifestEntityTag;
        headers.CacheControl = cacheControl;
        switch (Preconditions.Evaluate(context.Request.Headers, release.ManifestEntityTag, null))
        {
            case PreconditionOutcome.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            case PreconditionOutcome.Failed:
                return Problem.WriteAsync(
                    context, StatusCodes.Status412PreconditionFailed, "Precondition failed", $"The manifest is {release.ManifestEntityTag} now.");
        }

        response.ContentType = "application/json";
        response.ContentLength = release.Manifest.RawBytes.Length;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        ValueTask<System.IO.Pipelines.FlushResult> write = response.BodyWriter.WriteAsync(release.Manifest.RawBytes);
        return write.IsCompletedSuccessfully ? Task.CompletedTask : write.AsTask();
    }
}
