using PhaseMesh.Gateway.Chunks;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>
/// When a second replica is asked for what the first is late with, and how many bytes that may waste: a share of what was verified, and a
/// burst to begin with. Bytes count as wasted from the start of a hedge until it is known what was.
/// </summary>
internal sealed class HedgeBudget(ForwardingOptions options, ChunkCounters counters)
{
    private readonly Lock _gate = new();
    private long _atStakeBytes;
    private double _meanMilliseconds = -1;
    private double _deviationMilliseconds;

    /// <summary>
    /// Mean and four deviations of how long chunks were waited for, as TCP reckons its retransmission time-out (RFC 6298), between the two
    /// bounds.
    /// </summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_gate)
            {
                double milliseconds = _meanMilliseconds < 0 ? 0 : _meanMilliseconds + (4 * _deviationMilliseconds);
                return TimeSpan.FromMilliseconds(
                    Math.Clamp(milliseconds, options.MinHedgeDelay.TotalMilliseconds, options.MaxHedgeDelay.TotalMilliseconds));
            }
        }
    }

    /// <summary>A chunk was waited for this long.</summary>
    public void Waited(TimeSpan time)
    {
        double milliseconds = time.TotalMilliseconds;
        lock (_gate)
        {
            if (_meanMilliseconds < 0)
            {
                (_meanMilliseconds, _deviationMilliseconds) = (milliseconds, milliseconds / 2);
                return;
            }

            _deviationMilliseconds += (Math.Abs(milliseconds - _meanMilliseconds) - _deviationMilliseconds) / 16;
            _meanMilliseconds += (milliseconds - _meanMilliseconds) / 16;
        }
    }

    public bool TryStake(int lengthBytes)
    {
        lock (_gate)
        {
            double allowedBytes = options.HedgeBurstBytes + (options.HedgeShare * counters.VerifiedBytes);
            if (options.HedgeShare <= 0 || counters.DuplicateBytes + _atStakeBytes + lengthBytes > allowedBytes)
            {
                return false;
            }

            _atStakeBytes += lengthBytes;
            return true;
        }
    }

    /// <summary>The hedge is over; what it wasted is counted by now.</summary>
    public void EndStake(int lengthBytes)
    {
        lock (_gate)
        {
            _atStakeBytes -= lengthBytes;
        }
    }
}
