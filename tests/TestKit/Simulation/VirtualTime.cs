namespace PhaseMesh.TestKit.Simulation;

/// <summary>
/// A clock that jumps to the next timer when nothing else is left to do, and the one thread on which everything runs that it is asked to
/// run. So an hour of waiting takes no time, and a run replays exactly. Work that leaves for the thread pool is an error: it would make
/// the order a matter of chance.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<Timer, (long DueTicks, long Order)> _timers = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly Pump _pump;
    private int _threadId;
    private long _order;
    private long _nowTicks;

    public VirtualTime() => _pump = new Pump(this);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Elapsed => new(_nowTicks);

    public override DateTimeOffset GetUtcNow() => Epoch + Elapsed;

    public override long GetTimestamp() => _nowTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs the work and everything it starts on this thread until the work has ended.</summary>
    /// <exception cref="InvalidOperationException">The work waits for something that no timer will bring.</exception>
    public T Run<T>(Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_pump);
        _threadId = Environment.CurrentManagedThreadId;
        try
        {
            Task<T> task = work();
            while (!task.IsCompleted)
            {
                Step();
            }
            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Func<Task> work) => Run(async () =>
    {
        await work();
        return true;
    });

    private void Step()
    {
        if (_ready.TryDequeue(out (SendOrPostCallback Callback, object? State) next))
        {
            next.Callback(next.State);
            return;
        }
        while (_timers.TryDequeue(out Timer? timer, out (long DueTicks, long Order) when))
        {
            if (timer.Order == when.Order)
            {
                _nowTicks = Math.Max(_nowTicks, when.DueTicks);
                timer.Fire();
                return;
            }
        }
        throw new InvalidOperationException($"The simulation stands still at {Elapsed}: the work waits, and no timer is left.");
    }

    private sealed class Pump(VirtualTime owner) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            if (Environment.CurrentManagedThreadId != owner._threadId)
            {
                throw new InvalidOperationException("Work left the simulation's thread; its order would be a matter of chance.");
            }
            owner._ready.Enqueue((d, state));
        }

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("A simulation has one thread; nothing is sent to it from another.");
    }

    private sealed class Timer(VirtualTime owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        /// <summary>Which entry of the queue is the valid one; 0 when none is. Those overtaken are dropped when their turn comes.</summary>
        public long Order { get; private set; }

        public void Fire()
        {
            Change(_period, _period);
            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
            Order = 0;
            if (dueTime >= TimeSpan.Zero)
            {
                Order = ++owner._order;
                owner._timers.Enqueue(this, (owner._nowTicks + dueTime.Ticks, Order));
            }
            return true;
        }

        public void Dispose() => Order = 0;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
