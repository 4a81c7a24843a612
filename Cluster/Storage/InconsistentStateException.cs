namespace PhaseMesh.Cluster.Storage;

/// <summary>
/// A turn lost its compare-and-swap. Inside a turn let it pass; a caller sees it only when a call lost again and again until its retries
/// were used up, and nothing was written.
/// </summary>
public class InconsistentStateException : Exception
{
    public InconsistentStateException()
    {
    }

    public InconsistentStateException(string message)
        : base(message)
    {
    }

    public InconsistentStateException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    public InconsistentStateException(string message, string? storedEtag, string? currentEtag)
        : base(message) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

    /// <summary>The version found in the storage, where known.</summary>
    public string? StoredEtag { get; }

    /// <summary>The version the turn began from.</summary>
    public string? CurrentEtag { get; }
}
