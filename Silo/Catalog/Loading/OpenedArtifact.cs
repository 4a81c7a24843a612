using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>A file between being opened and being part of a release.</summary>
internal sealed class OpenedArtifact : IDisposable
{
    private FileStream? _stream;

    private OpenedArtifact(ArtifactKind kind, LocatedFile located, FileStream stream)
    {
        Kind = kind;
        Located = located;
        _stream = stream;
    }

    public ArtifactKind Kind { get; }

    public LocatedFile Located { get; }

    /// <summary>Shares the file with everyone: the system enforces no locks, and a lock would only stop the writers that ask.</summary>
    public static OpenedArtifact Open(ArtifactKind kind, LocatedFile located) => new(kind, located, new FileStream(located.Path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Read,
        Share = FileShare.ReadWrite | FileShare.Delete,
        Options = FileOptions.Asynchronous,
        BufferSize = 0,
    }));

    /// <exception cref="ArtifactChangedException">The file is not, or not any more, the one that was located.</exception>
    public async Task<ManifestArtifact> HashAsync(string urlPath, int? chunkSizeBytes, IFileStamps stamps, CancellationToken cancellationToken)
    {
        ThrowIfChanged(stamps);
        ManifestArtifact hashed = await ArtifactHasher.HashAsync(_stream!.SafeFileHandle, Kind, urlPath, chunkSizeBytes, null, cancellationToken);
        ThrowIfChanged(stamps);
        return hashed;
    }

    /// <summary>Hands the open file over.</summary>
    public ArtifactFile Promote(ManifestArtifact artifact, ArtifactFileContext context)
    {
        ArtifactFile file = new(_stream!, artifact, Located.Stamp, context);
        _stream = null;
        return file;
    }

    public void Dispose() => _stream?.Dispose();

    private void ThrowIfChanged(IFileStamps stamps)
    {
        if (stamps.Of(_stream!.SafeFileHandle) != Located.Stamp)
        {
            throw new ArtifactChangedException($"{Located.Path} changed while it was being verified.");
        }
    }
}
