using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Health;

namespace PhaseMesh.Silo.Serving.Fetching;

/// <summary>
/// What HTTP serves, by <c>/deboot/fetch/1.0.0</c>: a client whose firewall lets no HTTP pass can still boot. The same rules hold: only what
/// was verified goes out, replaced releases stay readable by digest for a while, nobody is served anew while draining.
/// </summary>
internal sealed class CatalogFetchContent(
    ReleaseCatalog catalog, ProviderLifecycle lifecycle, RequestGuard guard, LoadCounters load, CatalogOptions options, TimeProvider clock)
    : IFetchContent
{
    public async ValueTask<IFetchSource?> OpenAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        if (lifecycle.IsDraining)
        {
            throw Unavailable("This provider is shutting down; fetch from another.");
        }

        CatalogSnapshot current = catalog.Current;
        if (request.IsManifest)
        {
            return FindSlot(request, current) is not { } slot ? null
                : slot.Serving is { WithdrawnBecause: null } release ? Manifest(release)
                : throw Unavailable($"{slot.Slot} is not served now.");
        }

        return !Sha256Digest.TryParse(request.Hash, out Sha256Digest digest) ? null
            : current.Blobs.TryGetValue(digest, out ArtifactFile? file) ? await OpenAsync(file, cancellationToken)
            : current.Manifests.TryGetValue(digest, out Release? exact) ? Manifest(exact)
            : null;
    }

    private static SlotSnapshot? FindSlot(FetchRequest request, CatalogSnapshot current) =>
        request is { Channel: null, Arch: null } ? current.Default
        : ReleaseChannelName.TryParse(request.Channel, out ReleaseChannelName channel) && MachineArch.TryParse(request.Arch, out MachineArch arch)
            ? current.Find(channel, arch)
        : null;

    private MemoryFetchSource Manifest(Release release)
    {
        guard.Enter();
        return new MemoryFetchSource(release.Manifest, guard);
    }

    private async ValueTask<IFetchSource> OpenAsync(ArtifactFile file, CancellationToken cancellationToken)
    {
        if (!file.TryAcquire())
        {
            throw Unavailable("The release was taken away this moment; ask again.");
        }

        guard.Enter();
        ArtifactFetchSource source = new(file, guard, load);
        try
        {
            // As for HTTP: a file whose times changed is hashed again, and the client waits for that, within reason.
            if (!await file.IsIntactAsync().AsTask().WaitAsync(options.ReverificationPatience, clock, cancellationToken))
            {
                throw Unavailable(file.StaleBecause ?? "The file changed on disk.");
            }

            return source;
        }
        catch (TimeoutException)
        {
            await source.DisposeAsync();
            throw Unavailable("The file on disk was touched and is being verified again; ask later.");
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    private static FetchRefusedException Unavailable(string problem) => new(FetchErrorCode.Unavailable, problem);
}
