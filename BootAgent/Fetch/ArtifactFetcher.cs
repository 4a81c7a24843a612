using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>Fetches one artifact into its slot, whatever its manifest says about chunks, and shows how far it is.</summary>
internal static class ArtifactFetcher
{
    /// <returns>How long it took.</returns>
    /// <exception cref="BootFailedException">No provider delivered the right bytes within the limits.</exception>
    public static async Task<TimeSpan> FetchAsync(FetchContext context, ArtifactSlot slot, CancellationToken cancellationToken)
    {
        ManifestArtifact artifact = slot.Artifact;
        if (artifact.Chunks is { } chunks)
        {
            ChunkedFetch chunked = new(context, slot, chunks);
            await using DownloadProgress progress = new(context.Console, artifact.Kind.Name(), artifact.SizeBytes, () => chunked.DoneBytes);
            context.Began?.Invoke(() => chunked.DoneBytes);
            await chunked.RunAsync(cancellationToken);
            return progress.Elapsed;
        }
        else
        {
            using WholeFetch whole = new(context, slot);
            await using DownloadProgress progress = new(context.Console, artifact.Kind.Name(), artifact.SizeBytes, () => whole.DoneBytes);
            context.Began?.Invoke(() => whole.DoneBytes);
            await whole.RunAsync(cancellationToken);
            return progress.Elapsed;
        }
    }
}
