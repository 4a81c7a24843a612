namespace PhaseMesh.Gateway.Admission;

/// <summary>Bytes a second that gates let through, each; may change at any time, from any thread.</summary>
internal sealed class RateLimit(long? bytesPerSecond)
{
    private double _bytesPerSecond = bytesPerSecond ?? double.PositiveInfinity;

    /// <summary>Infinite: no limit.</summary>
    public double BytesPerSecond => Volatile.Read(ref _bytesPerSecond);

    /// <param name="bytesPerSecond">Null: no limit.</param>
    public void Set(long? bytesPerSecond) => Volatile.Write(ref _bytesPerSecond, bytesPerSecond ?? double.PositiveInfinity);
}
