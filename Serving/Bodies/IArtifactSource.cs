using PhaseMesh.Serving.Ranges;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// One artifact as one request sees it: what it is, and its bytes, verified, lent piece by piece. Where they come from (a file that was
/// hashed, chunks that arrive from elsewhere) is the source's business. Used by one body at a time.
/// </summary>
public interface IArtifactSource
{
    /// <summary>For messages: <c>kernel</c>, <c>rootfs</c>.</summary>
    string Name { get; }

    long SizeBytes { get; }

    /// <summary>A strong entity tag: the digest, quoted.</summary>
    string EntityTag { get; }

    /// <summary>RFC 9530.</summary>
    string ReprDigest { get; }

    /// <summary>Null where it has no meaning.</summary>
    DateTimeOffset? LastModified { get; }

    /// <summary>Asked before a status is chosen, so that what cannot be sent is an error instead of a torn body.</summary>
    /// <param name="first">The first range that will be sent.</param>
    /// <param name="cancellationToken">The client went away.</param>
    /// <returns>Why its bytes cannot be had now; null when they can.</returns>
    ValueTask<Unavailability?> FindProblemAsync(ByteRange first, CancellationToken cancellationToken);

    /// <summary>Lends verified bytes, waiting for them where they are still arriving.</summary>
    /// <param name="offset">In the artifact.</param>
    /// <param name="maxBytes">At least 1, and within the artifact.</param>
    /// <param name="cancellationToken">The client went away.</param>
    /// <returns>1 to <paramref name="maxBytes"/> bytes, to be given back; null when they cannot be had any more.</returns>
    ValueTask<FileLoan?> BorrowAsync(long offset, int maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a loan, whatever became of it: after its bytes left by the kernel, or after they were copied and before the copy leaves.
    /// </summary>
    /// <returns>Whether the bytes were the verified ones all the time; if not, none may follow.</returns>
    ValueTask<bool> ReturnAsync(FileLoan loan);
}

/// <summary>Verified bytes in a file.</summary>
/// <param name="File">Opened for asynchronous use; open until the loan is returned.</param>
/// <param name="FileOffset">Where in the file.</param>
/// <param name="CountBytes">At least 1.</param>
/// <param name="MayLeaveByKernel">
/// Whether the loan may last as long as a client takes to draw the bytes. False: copy them, return the loan, and send the copy.
/// </param>
/// <param name="Lender">The source's own.</param>
public readonly record struct FileLoan(FileStream File, long FileOffset, int CountBytes, bool MayLeaveByKernel, object? Lender = null);
