using System.Net;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.TestKit.Simulation;

namespace PhaseMesh.Gateway.Tests.Admission;

/// <summary>
/// A line of some bytes a second, shared evenly by the downloads under way, behind the product's admission, on virtual time.
/// </summary>
internal sealed class AdmissionSimulation(AdmissionOptions options, double lineBytesPerSecond)
{
    private readonly Random _random = new(20261121);
    private int _drawing;

    public VirtualTime Time { get; } = new();

    public AdmissionControl Control => field ??= new AdmissionControl(options, Time, () => _random.NextDouble());

    public int MostStreams { get; private set; }

    public List<AdmissionRefusal> Refusals { get; } = [];

    public static IPAddress Address(int client) => new([10, (byte)(client >> 16), (byte)(client >> 8), (byte)client]);

    /// <summary>Comes back whenever it is told to, until it is served.</summary>
    /// <param name="drawBytesPerSecond">How fast the client itself is.</param>
    /// <returns>How long it took, all waits included.</returns>
    public async Task<TimeSpan> DownloadAsync(
        int client, long bytes, StreamPriority priority = StreamPriority.Bulk, double drawBytesPerSecond = 1e12, string? site = null,
        Action<int>? onBytes = null, CancellationToken cancellationToken = default)
    {
        TimeSpan started = Time.Elapsed;
        while (true)
        {
            using AdmissionTicket ticket = Control.TicketFor(Address(client), site, priority);
            if (await ticket.EnterAsync(cancellationToken) is { } refusal)
            {
                Refusals.Add(refusal);
                double wait = refusal.RetryAfterSeconds * (1 + (_random.NextDouble() / 4));
                await Task.Delay(TimeSpan.FromSeconds(wait), Time, cancellationToken);
                continue;
            }

            MostStreams = Math.Max(MostStreams, Control.Report().Active);
            for (long left = bytes; left > 0;)
            {
                int count = await ticket.TakeAsync((int)Math.Min(left, SlicePacer.SmallestBytes), cancellationToken);
                left -= count;
                ticket.Sending();
                int share = drawBytesPerSecond < lineBytesPerSecond / 1000 ? 0 : 1; // Who draws a drop takes none of the line.
                _drawing += share;
                double rate = Math.Min(drawBytesPerSecond, lineBytesPerSecond / Math.Max(1, _drawing));
                try
                {
                    await PassAsync(TimeSpan.FromSeconds(count / rate), cancellationToken);
                }
                finally
                {
                    _drawing -= share;
                }

                ticket.Sent();
                onBytes?.Invoke(count);
            }

            return Time.Elapsed - started;
        }
    }

    /// <summary>Downloads again and again until the time is over.</summary>
    /// <returns>Bytes.</returns>
    public async Task<long> DownloadUntilAsync(int client, long bytesEach, TimeSpan end)
    {
        using CancellationTokenSource over = new(end - Time.Elapsed, Time);
        long sum = 0;
        try
        {
            while (true)
            {
                await DownloadAsync(client, bytesEach, onBytes: count => sum += count, cancellationToken: over.Token);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return sum;
        }
    }

    /// <summary>As Task.Delay, which knows whole milliseconds only.</summary>
    private async Task PassAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        TaskCompletionSource passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ITimer timer = Time.CreateTimer(_ => passed.TrySetResult(), null, time, Timeout.InfiniteTimeSpan);
        using (cancellationToken.UnsafeRegister((_, token) => passed.TrySetCanceled(token), null))
        {
            await passed.Task;
        }
    }
}
