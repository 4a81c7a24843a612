using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>Where a client stands, for the choice of a replica.</summary>
internal interface IClientSites
{
    /// <returns><c>site</c> or <c>site/rack</c>; null when not known.</returns>
    string? SiteOf(HttpContext context);
}

internal sealed class UnknownClientSites : IClientSites
{
    public string? SiteOf(HttpContext context) => null;
}

/// <summary>Answers requests for artifacts, by digest or by name, from the chunk store.</summary>
internal sealed partial class ArtifactForwarder(
    IReplicaDirectory directory, ChunkStore store, ChunkFetcher fetcher, ArtifactResponse response, IClientSites sites, IRedirects redirects,
    AdmissionControl admission, ForwardingOptions options, TimeProvider clock, ILogger<ArtifactForwarder> log)
{
    private const string DigestParameter = "digest";

    /// <summary><c>/kernel</c> and the like, under a channel and architecture or not; with <c>?digest=</c> exactly that one.</summary>
    public Task GetNamedAsync(HttpContext context, ArtifactKind kind)
    {
        if (context.Request.QueryString.HasValue && context.Request.Query[DigestParameter] is [{ } text])
        {
            return GetByDigestAsync(context, text);
        }

        ReleaseChannelName channel = options.DefaultChannel;
        MachineArch arch = options.DefaultArch;
        RouteValueDictionary values = context.Request.RouteValues;
        if (values.Count > 0 && !(ReleaseChannelName.TryParse(values["channel"] as string, out channel)
            && MachineArch.TryParse(values["arch"] as string, out arch)))
        {
            return Problem.NotFoundAsync(
                context, $"Expected a release channel and an architecture, found {values["channel"]}/{values["arch"]}.");
        }

        DirectorySnapshot current = directory.Current;
        DirectoryRelease? release = current.Releases.FirstOrDefault(release => release.Channel == channel && release.Arch == arch);
        if (release is null)
        {
            return Problem.NotFoundAsync(context, $"No provider serves {channel}/{arch}; known are {Known(current)}.");
        }

        return release.Manifest.Artifacts.TryGetValue(kind, out ManifestArtifact? artifact)
            ? SendAsync(context, artifact, CachePolicy.Revalidate)
            : Problem.NotFoundAsync(context, $"Release {release.Manifest.Version} of {channel}/{arch} has no {kind.Name()}.");
    }

    /// <summary><c>/blobs/sha256:...</c>; manifests as well.</summary>
    public Task GetBlobAsync(HttpContext context) => GetByDigestAsync(context, context.Request.RouteValues["digest"] as string ?? "");

    private Task GetByDigestAsync(HttpContext context, string text)
    {
        if (!Sha256Digest.TryParse(text, out Sha256Digest digest))
        {
            return Problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, "Bad digest", $"Expected {Sha256Digest.Expected}, found '{Excerpt(text)}'.");
        }

        DirectorySnapshot current = directory.Current;
        if (current.Artifacts.TryGetValue(digest, out ManifestArtifact? artifact))
        {
            return SendAsync(context, artifact, CachePolicy.Immutable);
        }

        DirectoryRelease? release = current.Releases.FirstOrDefault(release => release.Manifest.Digest == digest);
        return release is null
            ? Problem.NotFoundAsync(context, $"{digest} is in no release that a provider serves.")
            : ManifestResponse.WriteAsync(context, release.Manifest, CachePolicy.Immutable);
    }

    private async Task SendAsync(HttpContext context, ManifestArtifact artifact, string cacheControl)
    {
        string? site = sites.SiteOf(context);
        if (redirects.Find(context, artifact.Digest, site) is { } elsewhere)
        {
            context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            context.Response.Headers.Location = elsewhere;
            context.Response.Headers.CacheControl = "no-store"; // The next one may be better sent elsewhere.
            context.Response.ContentLength = 0;
            return;
        }

        long chunkBytes = artifact.Chunks?.ChunkSizeBytes ?? artifact.SizeBytes;
        if (chunkBytes > store.MaxChunkBytes)
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status502BadGateway, "Not verifiable here",
                $"The {artifact.Kind.Name()} can be verified in parts of {chunkBytes} bytes only, the gateway's memory takes "
                + $"{store.MaxChunkBytes}: sign a manifest with smaller chunks, or give the gateway more.");
            return;
        }

        ReaderInterest interest = new(site, context.Connection.RemoteIpAddress ?? IPAddress.None, GatewayTraces.Current);
        AdmissionTicket? ticket = HttpMethods.IsHead(context.Request.Method)
            ? null
            : admission.TicketFor(interest.Client, interest.ClientSite, StreamPriorities.Of(artifact));
        context.Features.Set<ISendAllowance>(ticket);
        using ArtifactReader reader = new(new ArtifactLayout(artifact), store, fetcher, options, clock, interest, ticket);
        try
        {
            if (await response.WriteAsync(context, reader, cacheControl) is BodyOutcome.SourceFailed)
            {
                GatewayTraces.Cut();
                LogCutOff(reader.Name, artifact.Digest);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away while it waited for the first chunk; nobody is there to be answered.
            context.Abort();
        }
    }

    private static string Known(DirectorySnapshot current) => current.Releases.Count == 0
        ? "none yet"
        : string.Join(", ", current.Releases.Select(release => $"{release.Channel}/{release.Arch}"));

    private static string Excerpt(string text) => text.Length <= 100 ? text : text[..100] + "...";

    [LoggerMessage(5320, LogLevel.Warning, "A download of the {Kind} {Digest} was cut off: no replica could give the rest")]
    private partial void LogCutOff(string kind, Sha256Digest digest);
}
