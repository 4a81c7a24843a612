namespace PhaseMesh.Gateway.Routing;

/// <summary>
/// What the picker knows of one provider. Written under its lock; choices read without: each figure is one aligned word, and a picture of
/// two
/// figures that do not belong together is no worse than one that is a microsecond old. Times are seconds on the picker's clock.
/// </summary>
internal sealed class ReplicaState
{
    private readonly Lock _gate = new();
    private readonly RoutingOptions _options;
    private readonly ReplicaCooldown _cooldown;
    private int _inFlight;
    private int _allowance;
    private double _silentSince;
    private long _sentBytes;
    private double _othersAtProbe;
    private double _probedAt = double.NegativeInfinity;
    private bool _isWarm = true;

    public ReplicaState(string providerId, RoutingOptions options)
    {
        ProviderId = providerId;
        _options = options;
        _cooldown = new ReplicaCooldown(options);
        _allowance = options.WarmUpFrom;
        Meter = new DeliveryMeter(options);
    }

    public string ProviderId { get; }

    public DeliveryMeter Meter { get; }

    /// <summary>Transfers of this gateway.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>What it sent this gateway, of all artifacts, since it became known.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    public bool IsWarming => Volatile.Read(ref _allowance) < _options.WarmUpUntil;

    public double CoolsUntilSeconds => _cooldown.UntilSeconds;

    public (int Strikes, string? Reason) Faults => (_cooldown.Strikes, _cooldown.LastReason);

    /// <summary>Whether one more transfer is within what a replica may take that is new, or back, or not measured for long.</summary>
    public bool HasRoomAt(double now)
    {
        int allowance = Volatile.Read(ref _allowance);
        return InFlight < (Meter.IsStaleAt(now) ? 1 : allowance < _options.WarmUpUntil ? allowance : int.MaxValue);
    }

    public int Allowance => Volatile.Read(ref _allowance);

    public double OthersAt(double now)
    {
        double others = Volatile.Read(ref _othersAtProbe);
        return others == 0 ? 0 : others * double.Exp2((Volatile.Read(ref _probedAt) - now) / _options.OthersHalfLife.TotalSeconds);
    }

    /// <summary>
    /// Seconds until a range of this length would be here. Transfers that hear nothing at all count at once: a replica that hangs seems
    /// slower
    /// with every moment, long before a time-out says so.
    /// </summary>
    public ReplicaExpectation Expect(double now, long lengthBytes, in ReplicaPriors priors)
    {
        int inFlight = InFlight;
        double silence = inFlight > 0 ? now - Volatile.Read(ref _silentSince) : 0;
        double firstByte = Math.Max(Meter.FirstByteSecondsAt(now, priors.FirstByteSeconds), silence);
        double secondsPerByte = (inFlight + OthersAt(now) + 1) / Meter.BytesPerSecondAt(now, priors.BytesPerSecond);
        return new ReplicaExpectation(
            firstByte + (lengthBytes * secondsPerByte), Math.Max(silence, RoutingOptions.ReferenceLengthBytes * secondsPerByte));
    }

    public void Started(double now)
    {
        lock (_gate)
        {
            if (_inFlight == 0)
            {
                Volatile.Write(ref _silentSince, now);
            }

            Volatile.Write(ref _inFlight, _inFlight + 1);
        }
    }

    public void Ended()
    {
        lock (_gate)
        {
            Volatile.Write(ref _inFlight, _inFlight - 1);
        }
    }

    /// <summary>Bytes came, on any transfer.</summary>
    public void Heard(double now, int countBytes)
    {
        Volatile.Write(ref _silentSince, now);
        Interlocked.Add(ref _sentBytes, countBytes);
    }

    /// <param name="isSlowStart">It took so long that it counts as a failure.</param>
    public void FirstByte(double now, double pickedAt, bool isSlowStart)
    {
        lock (_gate)
        {
            Meter.FirstByte(now, now - pickedAt);
            Volatile.Write(ref _silentSince, now);
            if (isSlowStart)
            {
                Cool(now, pickedAt, "a slow start", _options.CooldownFirst, _options.CooldownMax);
            }
            else if (_cooldown.Recover(now, pickedAt))
            {
                Volatile.Write(ref _allowance, _options.WarmUpFrom);
            }
        }
    }

    /// <summary>
    /// A transfer was given up without a first byte, and not by the replica's fault: it would have taken at least so long.
    /// </summary>
    public void GaveUpWaiting(double now, double pickedAt)
    {
        lock (_gate)
        {
            if (now - pickedAt > Meter.FirstByteSeconds)
            {
                Meter.FirstByte(now, now - pickedAt);
            }
        }
    }

    /// <param name="bytesPerSecond">Of one transfer.</param>
    /// <param name="loadAtStart">What was in flight when the measurement began, others' included.</param>
    public void Rated(double now, double bytesPerSecond, double loadAtStart)
    {
        lock (_gate)
        {
            double load = Math.Max(1, (loadAtStart + _inFlight + OthersAt(now)) / 2);
            Meter.Rate(now, Math.Max(1, bytesPerSecond * load));
        }
    }

    public void Completed()
    {
        lock (_gate)
        {
            if (_isWarm && _allowance < _options.WarmUpUntil)
            {
                Volatile.Write(ref _allowance, _allowance + 1);
                if (_allowance == _options.WarmUpUntil)
                {
                    _cooldown.Forgive();
                }
            }
        }
    }

    public void Fault(double now, double pickedAt, ReplicaFault fault)
    {
        bool isBusy = fault is ReplicaFault.Busy;
        lock (_gate)
        {
            Cool(
                now, pickedAt, FaultText.Of(fault),
                isBusy ? _options.BusyFirst : _options.CooldownFirst, isBusy ? _options.BusyMax : _options.CooldownMax);
        }
    }

    public void Probed(double now, int inFlight, double roundTripSeconds)
    {
        lock (_gate)
        {
            Volatile.Write(ref _othersAtProbe, Math.Max(0, inFlight - _inFlight));
            Volatile.Write(ref _probedAt, now);
            Meter.Probe(roundTripSeconds);
        }
    }

    public void ProbeFailed(double now)
    {
        lock (_gate)
        {
            Cool(now, now, "a probe without an answer", _options.CooldownFirst, _options.CooldownMax);
        }
    }

    /// <summary>It is back, or begins: a few transfers first.</summary>
    public void WarmUp()
    {
        lock (_gate)
        {
            Volatile.Write(ref _allowance, _options.WarmUpFrom);
        }
    }

    /// <param name="isWarm">False holds it at its first allowance.</param>
    public void SaysItIsWarm(bool isWarm)
    {
        lock (_gate)
        {
            _isWarm = isWarm;
            if (!isWarm)
            {
                Volatile.Write(ref _allowance, _options.WarmUpFrom);
            }
        }
    }

    public bool TryLastResort(double now)
    {
        lock (_gate)
        {
            return _cooldown.TryLastResort(now);
        }
    }

    private void Cool(double now, double pickedAt, string reason, TimeSpan first, TimeSpan longest)
    {
        if (_cooldown.Strike(now, pickedAt, reason, first, longest))
        {
            Volatile.Write(ref _allowance, _options.WarmUpFrom);
        }
    }
}
