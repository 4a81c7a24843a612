namespace PhaseMesh.Gateway.Admission;

/// <summary>Since the start. Used under the lock of <see cref="AdmissionControl"/>, except <see cref="Waited"/>.</summary>
internal sealed class AdmissionCounters
{
    private readonly long[] _refused = new long[Enum.GetValues<AdmissionLimit>().Length];
    private long _waits;
    private long _waitedTicks;

    public long Admitted { get; private set; }

    /// <summary>Requests that waited, whatever came of it.</summary>
    public long WaitedCount => Volatile.Read(ref _waits);

    public TimeSpan WaitedTime => new(Volatile.Read(ref _waitedTicks));

    public void Began() => Admitted++;

    /// <summary>From any thread.</summary>
    public void Waited(TimeSpan time)
    {
        Interlocked.Increment(ref _waits);
        Interlocked.Add(ref _waitedTicks, time.Ticks);
    }

    public void Refused(AdmissionLimit limit) => _refused[(int)limit]++;

    public long RefusedFor(AdmissionLimit limit) => _refused[(int)limit];
}
