namespace PhaseMesh.TestKit.JsPeers;

/// <summary>A peer's process could not do what it was told; the message has its words.</summary>
public sealed class PeerRefusedException(string message) : Exception(message);
