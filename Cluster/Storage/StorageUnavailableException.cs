namespace PhaseMesh.Cluster.Storage;

/// <summary>The storage did not answer within the call's limit. Calls work again by themselves once it does.</summary>
public sealed class StorageUnavailableException : Exception
{
    public StorageUnavailableException()
    {
    }

    public StorageUnavailableException(string message)
        : base(message)
    {
    }

    public StorageUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <param name="message">What was tried, and since when it fails.</param>
    /// <param name="since">Since when the storage is away.</param>
    /// <param name="isOutcomeUnknown">Whether a write may have happened all the same.</param>
    /// <param name="innerException">The last failure.</param>
    public StorageUnavailableException(string message, DateTimeOffset since, bool isOutcomeUnknown, Exception? innerException)
        : base(message, innerException) => (Since, IsOutcomeUnknown) = (since, isOutcomeUnknown);

    /// <summary>Since when the storage is away, by this machine's clock.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>True where a write was sent and its answer never came: it may or may not have happened.</summary>
    public bool IsOutcomeUnknown { get; }
}
