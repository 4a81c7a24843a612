using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>Lends the bytes of an <see cref="ArtifactFile"/> that the caller has acquired, and compares the file with what was verified after each loan.</summary>
internal sealed class ArtifactFileSource(ArtifactFile file, CatalogOptions options, TimeProvider clock) : IArtifactSource
{
    public string Name { get; } = file.Kind.Name();

    public long SizeBytes => file.SizeBytes;

    public string EntityTag => file.EntityTag;

    public string ReprDigest => file.ReprDigest;

    public DateTimeOffset? LastModified => file.LastModified;

    public async ValueTask<Unavailability?> FindProblemAsync(ByteRange first, CancellationToken cancellationToken)
    {
        ValueTask<bool> intact = file.IsIntactAsync();
        if (!intact.IsCompleted)
        {
            Task<bool> verification = intact.AsTask();
            try
            {
                return await verification.WaitAsync(options.ReverificationPatience, clock, cancellationToken) ? null : Stale();
            }
            catch (TimeoutException)
            {
                return new Unavailability($"The {Name} on disk was touched and is being verified again.");
            }
        }

        return await intact ? null : Stale();

        Unavailability? Stale() => file.StaleBecause is { } reason ? new Unavailability(reason) : null;
    }

    public ValueTask<FileLoan?> BorrowAsync(long offset, int maxBytes, CancellationToken cancellationToken) =>
        new(new FileLoan(file.Stream, offset, maxBytes, MayLeaveByKernel: true));

    public ValueTask<bool> ReturnAsync(FileLoan loan) => file.IsIntactAsync();
}
