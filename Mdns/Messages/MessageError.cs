namespace PhaseMesh.Mdns.Messages;

/// <summary>Why bytes are not a message: where, what the format wants there, and what was found.</summary>
public readonly record struct MessageError(int Offset, string Expected, string Actual)
{
    public override string ToString() => $"At byte {Offset}: expected {Expected}, found {Actual}; the message is dropped.";
}
