namespace PhaseMesh.Gateway.Chunks;

/// <summary>A chunk that waits for memory.</summary>
internal sealed class Claim(int lengthBytes)
{
    public int LengthBytes { get; } = lengthBytes;

    public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
