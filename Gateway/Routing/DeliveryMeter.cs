namespace PhaseMesh.Gateway.Routing;

/// <summary>
/// How a replica has delivered lately. Two figures: seconds until the first byte, and the rate at which all its transfers together come,
/// that
/// is one transfer's rate times how many there were. Transfers share a replica, so the next one is expected at that rate divided by one
/// more.
/// Written under the lock of its <see cref="ReplicaState"/>, read without.
/// </summary>
internal sealed class DeliveryMeter(RoutingOptions options)
{
    // However many samples come at once, each counts at least this much, lest the first of a burst speak for all.
    private const double LeastShare = 0.05;

    private double _bytesPerSecond;
    private double _firstByteSeconds;
    private double _ratedAt = double.NegativeInfinity;
    private double _answeredAt = double.NegativeInfinity;

    /// <summary>0 before the first measurement.</summary>
    public double BytesPerSecond => Volatile.Read(ref _bytesPerSecond);

    /// <summary>0 before the first measurement; a probe's round trip until a body was asked for.</summary>
    public double FirstByteSeconds => Volatile.Read(ref _firstByteSeconds);

    private bool HasServed { get; set; }

    public void Rate(double now, double bytesPerSecond)
    {
        Volatile.Write(ref _bytesPerSecond, Blend(_bytesPerSecond, bytesPerSecond, now - _ratedAt));
        Volatile.Write(ref _ratedAt, now);
    }

    public void FirstByte(double now, double seconds)
    {
        seconds = Math.Max(seconds, 1e-6);
        Volatile.Write(ref _firstByteSeconds, HasServed ? Blend(_firstByteSeconds, seconds, now - _answeredAt) : seconds);
        Volatile.Write(ref _answeredAt, now);
        HasServed = true;
    }

    /// <summary>A probe is a hint only: a replica may answer probes at once and serve slowly.</summary>
    public void Probe(double roundTripSeconds)
    {
        if (!HasServed)
        {
            Volatile.Write(ref _firstByteSeconds, Math.Max(roundTripSeconds, 1e-6));
        }
    }

    /// <summary>True when its rate is known, but from so long ago that one transfer has to try it out before more follow.</summary>
    public bool IsStaleAt(double now) => BytesPerSecond > 0 && now - Volatile.Read(ref _ratedAt) > options.StaleAfter.TotalSeconds;

    public double BytesPerSecondAt(double now, double prior) => Aged(BytesPerSecond, prior, now - Volatile.Read(ref _ratedAt));

    public double FirstByteSecondsAt(double now, double prior) =>
        HasServed ? Aged(FirstByteSeconds, prior, now - Volatile.Read(ref _answeredAt))
        : FirstByteSeconds is > 0 and double probed ? probed
        : prior;

    private double Blend(double average, double sample, double ageSeconds)
    {
        double share = average == 0 ? 1 : Math.Max(LeastShare, 1 - Math.Exp(-ageSeconds / options.Averaging.TotalSeconds));
        return average + (share * (sample - average));
    }

    private double Aged(double value, double prior, double ageSeconds)
    {
        if (value == 0)
        {
            return prior;
        }

        // Fresh figures, the common case on the hot path, are spared the exponential.
        return ageSeconds <= options.Averaging.TotalSeconds
            ? value
            : prior + ((value - prior) * Math.Exp((options.Averaging.TotalSeconds - ageSeconds) / options.Forgetting.TotalSeconds));
    }
}
