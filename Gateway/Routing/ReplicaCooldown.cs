namespace PhaseMesh.Gateway.Routing;

/// <summary>
/// How long a replica that failed is left alone: twice as long with each fault that follows. Under the lock of its state.
/// </summary>
internal sealed class ReplicaCooldown(RoutingOptions options)
{
    private double _until = double.NegativeInfinity;
    private double _since = double.NegativeInfinity;
    private double _lastResortAt = double.NegativeInfinity;

    public int Strikes { get; private set; }

    public string? LastReason { get; private set; }

    /// <summary>Read without the lock.</summary>
    public double UntilSeconds => Volatile.Read(ref _until);

    /// <param name="pickedAt">Transfers that were under way when it failed share that one failure.</param>
    /// <returns>False when the failure was counted already.</returns>
    public bool Strike(double now, double pickedAt, string reason, TimeSpan first, TimeSpan longest)
    {
        if (pickedAt < _since)
        {
            return false;
        }

        Strikes = now - _since > options.FaultsForgottenAfter.TotalSeconds ? 1 : Math.Min(Strikes + 1, 30);
        LastReason = reason;
        _since = now;
        Volatile.Write(ref _until, now + Math.Min(first.TotalSeconds * Math.Pow(2, Strikes - 1), longest.TotalSeconds));
        return true;
    }

    /// <summary>A transfer that began after the failure is coming: it has recovered. What it did stays remembered.</summary>
    public bool Recover(double now, double pickedAt)
    {
        if (pickedAt < _since || now >= UntilSeconds)
        {
            return false;
        }

        Volatile.Write(ref _until, now);
        return true;
    }

    /// <summary>It has proved itself.</summary>
    public void Forgive() => Strikes = 0;

    /// <returns>True once in a while: this caller may try it although it cools.</returns>
    public bool TryLastResort(double now)
    {
        if (now - _lastResortAt < options.LastResortEvery.TotalSeconds)
        {
            return false;
        }

        _lastResortAt = now;
        return true;
    }
}
