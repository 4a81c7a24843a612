using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog.Stamps;

namespace PhaseMesh.Silo.Catalog;

/// <summary>
/// An open, verified artifact. It belongs to a release and closes when the release has let go of it and the last download has ended.
/// </summary>
/// <remarks>
/// "Verified" means: the content had the digest while the file had this stamp. Before its bytes go out the stamp is compared; where only times
/// differ (a chmod, a rename over its name, a write of the same size) the bytes wait until the content was hashed again.
/// Not caught: bytes altered after they were handed to the socket and before the network took them, at most one socket buffer; and
/// a write within the clock tick of the stamp, which is why young files are not verified (<see cref="FileStamp.IsRacilyYoung"/>).
/// </remarks>
internal sealed class ArtifactFile(FileStream stream, ManifestArtifact artifact, FileStamp verifiedStamp, ArtifactFileContext context)
{
    private const int MaxAttempts = 3;
    private static readonly TimeSpan CalmDown = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private Verification _verified = new(verifiedStamp, context.Clock.GetUtcNow());
    private Task<bool> _reverification = Task.FromResult(true);
    private int _references = 1;
    private volatile string? _staleBecause;

    public ManifestArtifact Artifact { get; } = artifact;

    public ArtifactKind Kind => Artifact.Kind;

    public long SizeBytes => Artifact.SizeBytes;

    /// <summary>The digest, quoted.</summary>
    public string EntityTag { get; } = $"\"{artifact.Digest}\"";

    /// <summary>RFC 9530.</summary>
    public string ReprDigest { get; } = DigestHeader(artifact.Digest);

    public DateTimeOffset LastModified { get; } = verifiedStamp.Modified;

    /// <summary>Opened for asynchronous use; valid between <see cref="TryAcquire"/> and <see cref="Release"/>.</summary>
    public FileStream Stream { get; } = stream;

    public SafeFileHandle Handle => Stream.SafeFileHandle;

    /// <summary>Why its bytes are not served any more; null while they are good. Never goes back to null.</summary>
    public string? StaleBecause => _staleBecause;

    public DateTimeOffset VerifiedAt => Volatile.Read(ref _verified).At;

    /// <summary>Ends, without fault, when no hashing is under way.</summary>
    public Task Idle
    {
        get
        {
            lock (_lock)
            {
                return _reverification;
            }
        }
    }

    /// <summary>Keeps the file open until <see cref="Release"/>; false when it is closed already.</summary>
    public bool TryAcquire()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            Stream.Dispose();
        }
    }

    /// <summary>Whether the content is what the digest says; completes at once unless times changed. The caller has acquired the file.</summary>
    public ValueTask<bool> IsIntactAsync()
    {
        if (_staleBecause is not null)
        {
            return new ValueTask<bool>(false);
        }

        FileStamp verified = Volatile.Read(ref _verified).Stamp;
        FileStamp found = context.Stamps.Of(Handle);
        if (found == verified)
        {
            return new ValueTask<bool>(true);
        }

        if (found.SizeBytes != verified.SizeBytes)
        {
            GoStale($"it has {found.SizeBytes} bytes, it was verified with {verified.SizeBytes}");
            return new ValueTask<bool>(false);
        }

        return new ValueTask<bool>(VerifyAgainAsync());
    }

    /// <summary>Hashes the content again; those who ask meanwhile share the answer. The caller has acquired the file.</summary>
    public Task<bool> VerifyAgainAsync()
    {
        lock (_lock)
        {
            if (_reverification.IsCompleted)
            {
                _reverification = TryAcquire() ? Task.Run(RunVerificationAsync) : Task.FromResult(false);
            }

            return _reverification;
        }
    }

    private async Task<bool> RunVerificationAsync()
    {
        try
        {
            for (int attempt = 0; attempt < MaxAttempts; attempt++)
            {
                FileStamp before = context.Stamps.Of(Handle);
                while (before.IsRacilyYoung(context.Clock.GetUtcNow()))
                {
                    await Task.Delay(CalmDown, context.Clock, context.Stopping);
                    before = context.Stamps.Of(Handle);
                }

                ManifestArtifact found = await ArtifactHasher.HashAsync(Handle, Kind, Artifact.Path, null, null, context.Stopping);
                if (context.Stamps.Of(Handle) != before)
                {
                    continue;
                }

                if (found.Digest == Artifact.Digest)
                {
                    Volatile.Write(ref _verified, new Verification(before, context.Clock.GetUtcNow()));
                    return true;
                }

                GoStale($"its content hashes to {found.Digest}");
                return false;
            }

            GoStale("something keeps writing to it");
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            GoStale(e.Message);
            return false;
        }
        catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            Release();
        }
    }

    private void GoStale(string reason)
    {
        if (_staleBecause is null)
        {
            _staleBecause = $"The {Kind.Name()} on disk is no longer {Artifact.Digest}: {reason}.";
            context.WentStale();
        }
    }

    private static string DigestHeader(Sha256Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.SizeBytes];
        digest.CopyTo(bytes);
        return $"sha-256=:{Convert.ToBase64String(bytes)}:";
    }

    private sealed record Verification(FileStamp Stamp, DateTimeOffset At);
}

/// <summary>What all files of a catalogue share.</summary>
/// <param name="Stamps">Where stamps come from.</param>
/// <param name="Clock">For ages.</param>
/// <param name="WentStale">Called once per file whose content is not its digest's any more; must not block.</param>
/// <param name="Stopping">Ends hashing.</param>
internal sealed record ArtifactFileContext(IFileStamps Stamps, TimeProvider Clock, Action WentStale, CancellationToken Stopping);
