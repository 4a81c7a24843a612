using System.Collections.Immutable;
using System.Text.Json;
using System.Threading.Channels;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Silo.Fleet.Traces;

/// <summary>
/// Spans that machines told this silo go on to a collector, where OpenTelemetry's variables name one that takes OTLP over HTTP: those of
/// sampled boots as they come; of one that is not sampled all that the fleet has, once its root says that it failed. Calls never wait for
/// it: what finds no room is dropped and counted.
/// </summary>
/// <remarks>
/// The sender: 1. takes what waits, up to a batch; 2. reads the rest of failed boots' traces; 3. posts, again and again with growing
/// pauses, until the collector takes it, refuses it, or the time is over.
/// </remarks>
internal sealed partial class BootSpanRelay(
    TraceSettings settings, IGrainFactory grains, RelayLimits limits, TimeProvider clock, ILogger<BootSpanRelay> log) : BackgroundService
{
    private readonly Channel<Waiting> _queue = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });
    private int _waitingBytes;
    private bool _isRefusalTold;

    public RelayCounters Counters { get; } = new();

    private bool IsOn => settings is { Endpoint: not null, IsHttp: true };

    /// <summary>Never waits.</summary>
    /// <param name="bootId">Whose.</param>
    /// <param name="spans">That the fleet keeps now.</param>
    /// <param name="sizeBytes">Of the call they came with.</param>
    /// <param name="outcome">How the boot stands.</param>
    public void Offer(string bootId, ImmutableArray<BootSpan> spans, int sizeBytes, BootOutcome outcome)
    {
        if (!IsOn)
        {
            return;
        }

        bool isSampled = settings.Samples(bootId);
        bool hasFailed = spans.Any(span => span is { ParentSpanId: null, Status: BootSpanStatus.Error });
        if (!isSampled && !hasFailed && outcome is not BootOutcome.Failed)
        {
            return;
        }

        if (Interlocked.Add(ref _waitingBytes, sizeBytes) > limits.MaxWaitingBytes
            || !_queue.Writer.TryWrite(new Waiting(bootId, spans, !isSampled && hasFailed, sizeBytes)))
        {
            Interlocked.Add(ref _waitingBytes, -sizeBytes);
            Counters.AddFull(spans.Length);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings is { Endpoint: not null, IsHttp: false })
        {
            LogNotRelayed();
        }

        if (!IsOn)
        {
            return;
        }

        using CollectorClient collector = new(settings, clock);
        List<Waiting> batch = [];
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stoppingToken))
            {
                Take(batch);
                await SendAsync(collector, batch, stoppingToken);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await SendLastAsync(collector, batch);
        }
    }

    /// <summary>1.</summary>
    private void Take(List<Waiting> batch)
    {
        int bytes = 0;
        while (bytes < limits.MaxBatchBytes && _queue.Reader.TryRead(out Waiting? next))
        {
            batch.Add(next);
            bytes += next.SizeBytes;
            Interlocked.Add(ref _waitingBytes, -next.SizeBytes);
        }
    }

    private async Task SendAsync(CollectorClient collector, List<Waiting> batch, CancellationToken stopping)
    {
        long began = clock.GetTimestamp();
        for (TimeSpan pause = limits.FirstPause; ; pause = pause * 2 < limits.LongestPause ? pause * 2 : limits.LongestPause)
        {
            (CollectorAnswer answer, TimeSpan wish) = await TryAsync(collector, batch, stopping);
            if (answer is not CollectorAnswer.NotNow)
            {
                return;
            }

            if (clock.GetElapsedTime(began) > limits.GiveUpAfter)
            {
                Counters.AddLate(Count(batch));
                return;
            }

            TimeSpan chosen = pause * (0.5 + (0.5 * Random.Shared.NextDouble()));
            await Task.Delay(wish > chosen ? wish : chosen, clock, stopping);
        }
    }

    private async Task SendLastAsync(CollectorClient collector, List<Waiting> batch)
    {
        _queue.Writer.TryComplete();
        using CancellationTokenSource limit = new(limits.LastAttempt, clock);
        try
        {
            do
            {
                if (batch.Count > 0 && (await TryAsync(collector, batch, limit.Token)).Answer is CollectorAnswer.NotNow)
                {
                    break;
                }

                batch.Clear();
                Take(batch);
            }
            while (batch.Count > 0);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // What is left is counted, for whoever scrapes last.
        }

        while (_queue.Reader.TryRead(out Waiting? left))
        {
            batch.Add(left);
        }

        Counters.AddLate(Count(batch));
    }

    /// <summary>2 and 3, once.</summary>
    private async Task<(CollectorAnswer Answer, TimeSpan Wish)> TryAsync(
        CollectorClient collector, List<Waiting> batch, CancellationToken cancellationToken)
    {
        (CollectorAnswer Answer, TimeSpan Wish, string Why) end;
        int count = 0;
        try
        {
            List<(string BootId, ImmutableArray<BootSpan> Spans)> boots = [];
            foreach (Waiting waiting in batch)
            {
                boots.Add((waiting.BootId, waiting.IsWhole
                    ? await grains.GetGrain<IBootSessionGrain>(waiting.BootId).GetSpansAsync().WaitAsync(cancellationToken)
                    : waiting.Spans));
            }

            count = boots.Sum(boot => boot.Spans.Length);
            end = await collector.PostAsync(
                JsonSerializer.SerializeToUtf8Bytes(OtlpSpans.From(boots), OtlpTraces.Options), cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            end = (CollectorAnswer.NotNow, default, failure.Message); // The fleet's storage is away, or a fault: the API goes on.
        }

        if (end.Answer is CollectorAnswer.Taken)
        {
            Counters.AddRelayed(count);
            if (_isRefusalTold)
            {
                LogTaken(settings.Endpoint!);
            }
        }
        else if (!_isRefusalTold)
        {
            LogNotTaken(settings.Endpoint!, end.Why);
        }

        if (end.Answer is CollectorAnswer.Refused)
        {
            Counters.AddRefused(count);
        }

        _isRefusalTold = end.Answer is not CollectorAnswer.Taken;
        return (end.Answer, end.Wish);
    }

    private static int Count(List<Waiting> batch) => batch.Sum(waiting => waiting.Spans.Length);

    [LoggerMessage(1520, LogLevel.Warning,
        "Spans that machines tell are not relayed: the collector is spoken to by gRPC, and they go by HTTP alone. Set "
            + "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf; the silo's own spans are sent either way")]
    private partial void LogNotRelayed();

    [LoggerMessage(1521, LogLevel.Warning, "The collector {Url} does not take spans of boots: {Reason}")]
    private partial void LogNotTaken(Uri url, string reason);

    [LoggerMessage(1522, LogLevel.Information, "The collector {Url} takes spans of boots again")]
    private partial void LogTaken(Uri url);

    /// <param name="IsWhole">All that the fleet has of the boot is to be sent, not <paramref name="Spans"/> alone.</param>
    private sealed record Waiting(string BootId, ImmutableArray<BootSpan> Spans, bool IsWhole, int SizeBytes);
}
