using PhaseMesh.Serving.Bodies;

namespace PhaseMesh.Gateway.Admission;

/// <summary>
/// Lets bytes through at a rate, and whoever has to wait for it in turns: by priority, then client by client, whatever number of streams
/// each has. Unused time is lost but for <see cref="Burst"/> (a generic cell rate algorithm). A changed limit counts within a second.
/// </summary>
internal sealed class RateGate : IDisposable
{
    /// <summary>Also hides how coarse timers are.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly RateLimit _limit;
    private readonly TimeProvider _clock;
    private readonly long _origin;
    private ITimer? _timer;
    private readonly ClientRound[] _rounds = [new(), new()];
    private PriorityTurns _turns;
    private double _paidUntil;
    private bool _isArmed;

    public RateGate(RateLimit limit, TimeProvider clock) => (_limit, _clock, _origin) = (limit, clock, clock.GetTimestamp());

    /// <summary>So much is let through at a time: 5 ms of the slowest of the gates, 64 KiB to 1 MiB; 0 without a limit.</summary>
    public static int QuantumOf(params ReadOnlySpan<RateGate?> gates)
    {
        double slowest = double.PositiveInfinity;
        foreach (RateGate? gate in gates)
        {
            slowest = Math.Min(slowest, gate?._limit.BytesPerSecond ?? slowest);
        }

        return double.IsInfinity(slowest) ? 0 : (int)Math.Clamp(slowest * 0.005, SlicePacer.SmallestBytes, SlicePacer.LargestBytes);
    }

    private double Now => _clock.GetElapsedTime(_origin).TotalSeconds;

    private bool IsOpen => _paidUntil - Now <= Burst.TotalSeconds;

    /// <exception cref="OperationCanceledException">The token's.</exception>
    public async ValueTask TakeAsync(ClientKey client, StreamPriority priority, int countBytes, CancellationToken cancellationToken)
    {
        RateWaiter waiter;
        lock (_gate)
        {
            if (_rounds[0].IsEmpty && _rounds[1].IsEmpty && IsOpen)
            {
                Pay(countBytes);
                return;
            }

            waiter = new RateWaiter(countBytes);
            _rounds[(int)priority].Add(client, waiter);
            Arm();
        }

        using (cancellationToken.UnsafeRegister(static (state, token) => ((RateWaiter)state!).TrySetCanceled(token), waiter))
        {
            await waiter.Task;
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Ring()
    {
        lock (_gate)
        {
            _isArmed = false;
            while (IsOpen)
            {
                StreamPriority taken = _turns.Next;
                if (_rounds[(int)taken].TakeNext() is not { } next)
                {
                    taken = 1 - taken;
                    if (_rounds[(int)taken].TakeNext() is not { } other)
                    {
                        return;
                    }

                    next = other;
                }

                _turns.Took(taken, !_rounds[(int)(1 - taken)].IsEmpty);
                if (next.TrySetResult())
                {
                    Pay(next.CountBytes); // Not for one whose client went away.
                }
            }

            Arm();
        }
    }

    private void Pay(int countBytes) => _paidUntil = Math.Max(_paidUntil, Now) + (countBytes / _limit.BytesPerSecond);

    private void Arm()
    {
        if (!_isArmed && !(_rounds[0].IsEmpty && _rounds[1].IsEmpty))
        {
            _isArmed = true;
            // One at a time: who is served may be back for more before the next is.
            double wait = Math.Max(0, _paidUntil - Now - Burst.TotalSeconds);
            _timer ??= _clock.CreateTimer(
                static state => ((RateGate)state!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(wait * 1000)), Timeout.InfiniteTimeSpan);
        }
    }
}
