namespace PhaseMesh.Gateway.Routing;

/// <summary>What is expected of a replica that was not measured, or too long ago: the median of its fellows.</summary>
internal readonly record struct ReplicaPriors(double BytesPerSecond, double FirstByteSeconds)
{
    public static ReplicaPriors None { get; } = new(RoutingOptions.UnmeasuredBytesPerSecond, RoutingOptions.UnmeasuredFirstByteSeconds);

    public static ReplicaPriors Of(ReadOnlySpan<RouteTarget> targets)
    {
        double[] rates = new double[targets.Length];
        double[] firstBytes = new double[targets.Length];
        int rated = 0;
        int answered = 0;
        foreach (RouteTarget target in targets)
        {
            if (target.State.Meter.BytesPerSecond is > 0 and double rate)
            {
                rates[rated++] = rate;
            }

            if (target.State.Meter.FirstByteSeconds is > 0 and double firstByte)
            {
                firstBytes[answered++] = firstByte;
            }
        }

        return new ReplicaPriors(
            Median(rates.AsSpan(0, rated)) ?? None.BytesPerSecond, Median(firstBytes.AsSpan(0, answered)) ?? None.FirstByteSeconds);
    }

    private static double? Median(Span<double> values)
    {
        values.Sort();
        return values.IsEmpty ? null : values[values.Length / 2];
    }
}
