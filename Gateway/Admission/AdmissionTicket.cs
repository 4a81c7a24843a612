using PhaseMesh.Serving.Bodies;

namespace PhaseMesh.Gateway.Admission;

/// <summary>One download's right to go on, and its pace. Used by its request only, except where said.</summary>
internal sealed class AdmissionTicket(AdmissionControl control, ClientLoad client, SiteLoad? site, StreamPriority priority, RateGate total)
    : ISendAllowance, IDisposable
{
    private bool _counts;
    private long _sendingSince;
    private long _lastSliceTicks;

    public ClientLoad Client { get; } = client;

    public SiteLoad? Site { get; } = site;

    public StreamPriority Priority { get; } = priority;

    /// <summary>It has begun and not ended. Under the control's lock.</summary>
    public bool IsOpen { get; set; }

    /// <summary>It holds one of the streams. Changed under the control's lock.</summary>
    public bool Counts
    {
        get => Volatile.Read(ref _counts);
        set => Volatile.Write(ref _counts, value);
    }

    /// <summary>How long the client has been taking what was sent last; from any thread.</summary>
    public TimeSpan BlockedFor =>
        Volatile.Read(ref _sendingSince) is > 0 and long since ? control.Clock.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>How long the client took for a slice, the last time; from any thread.</summary>
    public TimeSpan LastSlice => new(Volatile.Read(ref _lastSliceTicks));

    /// <returns>Null: it has begun.</returns>
    public ValueTask<AdmissionRefusal?> EnterAsync(CancellationToken cancellationToken) => control.EnterAsync(this, cancellationToken);

    public async ValueTask<int> TakeAsync(int wantedBytes, CancellationToken cancellationToken)
    {
        int quantumBytes = RateGate.QuantumOf(total, Site?.Rate, Client.Rate);
        if (quantumBytes == 0)
        {
            return wantedBytes;
        }

        int count = Math.Min(wantedBytes, quantumBytes);
        await TakeAsync(Client.Rate, count, cancellationToken);
        await TakeAsync(Site?.Rate, count, cancellationToken);
        await TakeAsync(total, count, cancellationToken);
        return count;
    }

    public void Sending() => Volatile.Write(ref _sendingSince, Math.Max(1, control.Clock.GetTimestamp()));

    public void Sent()
    {
        TimeSpan took = BlockedFor;
        Volatile.Write(ref _sendingSince, 0);
        Volatile.Write(ref _lastSliceTicks, took.Ticks);
        if (!Counts && took < control.QuickSlice)
        {
            control.Resume(this);
        }
    }

    public void Dispose() => control.End(this);

    private ValueTask TakeAsync(RateGate? gate, int countBytes, CancellationToken cancellationToken) =>
        gate?.TakeAsync(Client.Key, Priority, countBytes, cancellationToken) ?? ValueTask.CompletedTask;
}
