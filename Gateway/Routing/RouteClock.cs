namespace PhaseMesh.Gateway.Routing;

/// <summary>Seconds since the picker was made, as a double: precise to well below a microsecond for years.</summary>
internal sealed class RouteClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();
    private readonly double _secondsPerTick = 1d / time.TimestampFrequency;

    public double Now => (time.GetTimestamp() - _origin) * _secondsPerTick;
}
