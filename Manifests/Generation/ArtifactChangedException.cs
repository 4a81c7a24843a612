namespace PhaseMesh.Manifests;

/// <summary>The file was written to while it was being hashed, so its digests would describe no version of it.</summary>
public sealed class ArtifactChangedException(string message) : IOException(message);
