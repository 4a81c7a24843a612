namespace PhaseMesh.Libp2p;

/// <summary>A connection, stream or exchange failed for a reason that names the party at fault.</summary>
public sealed class Libp2pException : IOException
{
    public Libp2pException(DropReason reason, string message)
        : base(message) => Reason = reason;

    public Libp2pException(DropReason reason, string message, Exception innerException)
        : base(message, innerException) => Reason = reason;

    public DropReason Reason { get; }
}
