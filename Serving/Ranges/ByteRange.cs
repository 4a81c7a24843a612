namespace PhaseMesh.Serving.Ranges;

/// <summary>Part of a representation; both within it, and not empty.</summary>
public readonly record struct ByteRange(long Offset, long LengthBytes)
{
    /// <summary>As RFC 9110 section 14.4 writes it: <c>bytes 0-99/1234</c>.</summary>
    public string ContentRange(long totalBytes) => $"bytes {Offset}-{Offset + LengthBytes - 1}/{totalBytes}";

    public bool Overlaps(ByteRange other) => Offset < other.Offset + other.LengthBytes && other.Offset < Offset + LengthBytes;
}
