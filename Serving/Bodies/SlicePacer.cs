namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// Chooses how much of a file one flush sends on a connection. Large slices cost less per byte; small ones let
/// <see cref="ServingLimits.SliceTimeout"/> tell a slow client from a stalled one. Socket buffers swallow the first slices whatever the
/// client does, so a slice grows only after eight times its new size has left.
/// </summary>
public sealed class SlicePacer
{
    public const int SmallestBytes = 64 * 1024;

    /// <summary>1 MiB: with corked sockets 0.5 to 2 MiB measured alike, and 4 MiB at a quarter of that.</summary>
    public const int LargestBytes = 1024 * 1024;

    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private long _sentBytes;

    public int NextBytes { get; private set; } = SmallestBytes;

    public void Sent(int countBytes, TimeSpan elapsed)
    {
        _sentBytes += countBytes;
        if (elapsed > Slow)
        {
            NextBytes = Math.Max(SmallestBytes, NextBytes / 2);
            _sentBytes = 0;
        }
        else if (elapsed < Fast && NextBytes < LargestBytes && _sentBytes >= NextBytes * 16L)
        {
            NextBytes *= 2;
        }
    }
}
