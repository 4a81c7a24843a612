namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary>Spans that went to the collector, and those that won't.</summary>
internal sealed class RelayCounters
{
    private long _relayed;
    private long _full;
    private long _refused;
    private long _late;

    public long Relayed => Interlocked.Read(ref _relayed);

    /// <summary>Too many waited.</summary>
    public long Full => Interlocked.Read(ref _full);

    /// <summary>The collector did not want them.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>The collector did not answer in time, or the silo stopped.</summary>
    public long Late => Interlocked.Read(ref _late);

    public void AddRelayed(int spans) => Interlocked.Add(ref _relayed, spans);

    public void AddFull(int spans) => Interlocked.Add(ref _full, spans);

    public void AddRefused(int spans) => Interlocked.Add(ref _refused, spans);

    public void AddLate(int spans) => Interlocked.Add(ref _late, spans);
}
