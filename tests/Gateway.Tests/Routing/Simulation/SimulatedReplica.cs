using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Gateway.Tests.Routing.Simulation;

/// <param name="BytesPerSecond">Shared evenly by all transfers under way, as one link or disk is.</param>
/// <param name="FirstByte">From the request to the first byte, idle: distance and seek.</param>
/// <param name="Probe">How long a probe takes: a replica may be quick at that alone.</param>
internal sealed record ReplicaTraits(string Id, double BytesPerSecond, TimeSpan FirstByte, TimeSpan Probe)
{
    public const double Gigabit = 125e6;

    public ReplicaSite Site { get; init; } = ReplicaSite.Unknown;

    public double Weight { get; init; } = 1;

    /// <summary>Every chunk it sends is wrong.</summary>
    public bool IsLiar { get; init; }

    public static ReplicaTraits Of(string id, double bytesPerSecond) =>
        new(id, bytesPerSecond, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));

    public ReplicaEndpoint Endpoint => new(Id, new Uri($"http://{Id}:8080"), Site, Weight, IsHealthy: true, IsWarm: true);
}

internal enum TransferEnd
{
    Completed,
    ConnectFailed,
    Reset,
    Stalled,
}

/// <summary>
/// A server that shares its rate evenly among its transfers (processor sharing). Kept in virtual service: the bytes that every transfer has
/// got since the start. A transfer's next read is due at a fixed amount of service, so an arrival changes when, never in which order.
/// </summary>
internal sealed class SimulatedReplica(VirtualTime time, ReplicaTraits traits)
{
    private const int ReadBytes = 256 * 1024;
    private static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(2);

    private readonly PriorityQueue<TaskCompletionSource<bool>, (double Service, long Order)> _due = new();
    private readonly HashSet<TaskCompletionSource<bool>> _waiting = [];
    private ITimer? _timer;
    private double _service;
    private double _serviceAt;
    private double _bytesPerSecond = traits.BytesPerSecond;
    private long _order;
    private int _sending;

    public ReplicaTraits Traits => traits;

    public int InFlight { get; private set; }

    public int Requests { get; private set; }

    public int MostInFlight { get; private set; }

    public long BytesSent { get; private set; }

    public bool IsUp { get; private set; } = true;

    /// <summary>From now on; 0 hangs.</summary>
    public void SetRate(double bytesPerSecond)
    {
        Advance();
        _bytesPerSecond = bytesPerSecond;
        Arm();
    }

    public void Stop()
    {
        IsUp = false;
        foreach (TaskCompletionSource<bool> read in _waiting.ToArray())
        {
            read.TrySetResult(false);
        }
    }

    public void Start() => IsUp = true;

    public void ForgetMost() => MostInFlight = InFlight;

    public async Task<TransferEnd> SendAsync(int lengthBytes, ReplicaLease lease)
    {
        Requests++;
        MostInFlight = Math.Max(MostInFlight, ++InFlight);
        try
        {
            await Task.Delay(traits.FirstByte, time);
            if (!IsUp)
            {
                return TransferEnd.ConnectFailed;
            }

            Advance();
            double service = _service;
            _sending++;
            try
            {
                bool isFirst = true;
                for (int sent = 0; sent < lengthBytes; sent += ReadBytes)
                {
                    int next = Math.Min(ReadBytes, lengthBytes - sent);
                    service += next;
                    if (!await ReadAsync(service))
                    {
                        return IsUp ? TransferEnd.Stalled : TransferEnd.Reset;
                    }

                    BytesSent += next;
                    if (isFirst)
                    {
                        lease.FirstByte();
                        isFirst = false;
                    }

                    lease.Progress(next);
                }
            }
            finally
            {
                Advance();
                _sending--;
                Arm();
            }

            return TransferEnd.Completed;
        }
        finally
        {
            InFlight--;
        }
    }

    private async Task<bool> ReadAsync(double service)
    {
        TaskCompletionSource<bool> read = new();
        _waiting.Add(read);
        _due.Enqueue(read, (service, ++_order));
        Arm();
        await using ITimer watchdog = time.CreateTimer(_ => read.TrySetResult(false), null, Watchdog, Timeout.InfiniteTimeSpan);
        bool came = await read.Task;
        _waiting.Remove(read);
        return came;
    }

    private double RateOfEach => _bytesPerSecond / Math.Max(1, _sending);

    private void Advance()
    {
        double now = time.Elapsed.TotalSeconds;
        _service += (now - _serviceAt) * RateOfEach;
        _serviceAt = now;
    }

    private void Arm()
    {
        Advance();
        while (_due.TryPeek(out TaskCompletionSource<bool>? read, out (double Service, long Order) due)
            && (read.Task.IsCompleted || due.Service <= _service + 1))
        {
            _due.Dequeue();
            read.TrySetResult(true);
        }

        _timer ??= time.CreateTimer(_ => Arm(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        bool isWaiting = _due.TryPeek(out _, out (double Service, long Order) first) && _bytesPerSecond > 0;
        _timer.Change(
            isWaiting
                ? TimeSpan.FromTicks(1 + (long)((first.Service - _service) / RateOfEach * TimeSpan.TicksPerSecond))
                : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }
}
