using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>Finds the artifact that a request names and keeps its file open while it is sent.</summary>
internal sealed partial class ArtifactEndpoint(
    ReleaseCatalog catalog, ArtifactResponse response, CatalogOptions options, TimeProvider clock, ILogger<ArtifactEndpoint> log)
{
    /// <summary><c>/kernel</c> and the like: that of the current release, or with <c>?digest=</c> exactly that one.</summary>
    public Task GetNamedAsync(HttpContext context, ArtifactKind kind)
    {
        if (context.Request.QueryString.HasValue && context.Request.Query[ManifestEndpoint.DigestParameter] is [{ } text])
        {
            return GetByDigestAsync(context, text);
        }

        CatalogSnapshot current = catalog.Current;
        if (SlotRoute.Release(context, current, out Task answered) is not { } release)
        {
            return answered;
        }

        return release.Files.TryGetValue(kind, out ArtifactFile? file)
            ? SendAsync(context, file, CachePolicy.Revalidate)
            : Problem.NotFoundAsync(context, $"Release {release.Manifest.Version} of {release.Slot} has no {kind.Name()}.");
    }

    /// <summary><c>/blobs/sha256:...</c>, manifests included; replaced releases stay readable for a while.</summary>
    public Task GetBlobAsync(HttpContext context) => GetByDigestAsync(context, context.Request.RouteValues["digest"] as string ?? "");

    /// <summary>A path that only a manifest names; null when none does, or when it is one of ours.</summary>
    public Task? TryGetByManifestPath(HttpContext context)
    {
        CatalogSnapshot current = catalog.Current;
        return current.Paths.TryGetValue(context.Request.Path.Value ?? "", out ArtifactFile? file) && SlotRoute.Find(context, current, out _) is null
            ? SendAsync(context, file, CachePolicy.Revalidate)
            : null;
    }

    private Task GetByDigestAsync(HttpContext context, string text)
    {
        if (!Sha256Digest.TryParse(text, out Sha256Digest digest))
        {
            return Problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, "Bad digest", $"Expected sha256: and 64 lower-case hex digits, found '{text}'.");
        }

        CatalogSnapshot current = catalog.Current;
        if (current.Blobs.TryGetValue(digest, out ArtifactFile? file))
        {
            return SendAsync(context, file, CachePolicy.Immutable);
        }

        return current.Manifests.TryGetValue(digest, out Release? release)
            ? ManifestEndpoint.WriteAsync(context, release, CachePolicy.Immutable)
            : Problem.NotFoundAsync(context, $"{digest} is not held here; it was replaced, or never served.");
    }

    private async Task SendAsync(HttpContext context, ArtifactFile file, string cacheControl)
    {
        if (!file.TryAcquire())
        {
            await Problem.UnavailableAsync(context, $"The release with {file.Artifact.Digest} was taken away this moment; ask again.");
            return;
        }

        try
        {
            ArtifactFileSource source = new(file, options, clock);

            // Before conditions: a file gone bad must not be confirmed to a client that has a copy of what it was.
            if (await source.FindProblemAsync(default, context.RequestAborted) is { } problem)
            {
                await Problem.UnavailableAsync(context, problem);
                return;
            }

            if (await response.WriteAsync(context, source, cacheControl) is BodyOutcome.SourceFailed)
            {
                LogChanged(source.Name, file.Artifact.Digest);
            }
        }
        finally
        {
            file.Release();
        }
    }

    [LoggerMessage(1201, LogLevel.Warning, "The {Kind} {Digest} changed on disk while it was sent; the download was cut off")]
    private partial void LogChanged(string kind, Sha256Digest digest);
}
