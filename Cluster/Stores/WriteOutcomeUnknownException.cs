namespace PhaseMesh.Cluster.Stores;

/// <summary>Inside the engine: becomes a <see cref="Storage.StorageUnavailableException"/> with an unknown outcome.</summary>
internal sealed class WriteOutcomeUnknownException(string message) : Exception(message);
