namespace PhaseMesh.Gateway.Admission;

/// <summary>Events a second, of which each counts half as much after seven seconds. Used by one thread at a time.</summary>
internal sealed class DecayingRate(TimeProvider clock)
{
    private const double Seconds = 10;

    private long _at = clock.GetTimestamp();
    private double _count;

    public double PerSecond
    {
        get
        {
            Decay();
            return _count / Seconds;
        }
    }

    public void Add()
    {
        Decay();
        _count++;
    }

    private void Decay()
    {
        long now = clock.GetTimestamp();
        _count *= Math.Exp(-clock.GetElapsedTime(_at, now).TotalSeconds / Seconds);
        _at = now;
    }
}
