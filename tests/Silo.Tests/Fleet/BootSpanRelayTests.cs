using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using PhaseMesh.Cluster;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Silo.Fleet.Traces;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.Telemetry.Tracing;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>Boots' spans on their way to a collector that is there, slow, unwilling or dead.</summary>
public sealed class BootSpanRelayTests : IAsyncLifetime
{
    private static readonly string Boot = BootApiTests.NewBootId();

    private readonly OtlpReceiver _collector = new();
    private readonly RememberedLog _log = new();
    private readonly KnownTraces _known = new();
    private readonly List<BootSpanRelay> _relays = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (BootSpanRelay relay in _relays)
        {
            await relay.StopAsync(CancellationToken.None);
            relay.Dispose();
        }

        await _collector.DisposeAsync();
    }

    [Fact]
    public async Task Spans_OfASampledBoot_GoOnAsTheyWereTold()
    {
        BootSpanRelay relay = await StartAsync();
        BootSpan span = Span(1) with
        {
            Kind = BootSpanKind.Client,
            ParentSpanId = $"{7:x16}",
            Status = BootSpanStatus.Ok,
            Attributes =
            [
                new() { Key = "text", Text = "ä" }, new() { Key = "integer", Whole = -5 }, new() { Key = "real", Real = 0.5 },
                new() { Key = "flag", Flag = true },
            ],
            Events = [new() { Name = "provider.started", At = 15, Attributes = [new() { Key = "phase.provider", Text = "http://a/" }] }],
            Source = new BootSpanSource("phase-agent", "1.2", "host"),
        };

        relay.Offer(Boot, [span], 1, BootOutcome.Running);

        ReceivedSpan came = Assert.Single(await _collector.WaitForAsync(spans => spans.Count == 1, "one span"));
        Assert.Equal((Boot, span.SpanId, span.ParentSpanId, "test", 3, 10, 20, 1), (came.TraceId, came.SpanId, came.ParentSpanId, came.Name,
            came.Kind, came.Start, came.End, came.StatusCode));
        Assert.Equal(
            new Dictionary<string, string> { ["text"] = "ä", ["integer"] = "-5", ["real"] = "0.5", ["flag"] = "true" }, came.Attributes);
        Assert.Equal(
            ("provider.started", 15, "http://a/"),
            (came.Events[0].Name, came.Events[0].At, came.Events[0].Attributes["phase.provider"]));
        Assert.Equal(
            new Dictionary<string, string> { ["service.name"] = "phase-agent", ["service.version"] = "1.2", ["host.name"] = "host" },
            came.Resource);
        await Eventually.IsAsync(() => relay.Counters.Relayed == 1);
    }

    [Fact]
    public async Task Spans_OfABootThatIsNotSampled_GoOnOnceItFailed_AllOfThem()
    {
        BootSpanRelay relay = await StartAsync(("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0"));
        BootSpan root = Span(3) with { Status = BootSpanStatus.Error, StatusMessage = "no provider" };
        _known.Spans = [Span(1) with { ParentSpanId = root.SpanId }, Span(2) with { ParentSpanId = root.SpanId }, root];

        relay.Offer(Boot, [_known.Spans[0]], 1, BootOutcome.Running);
        relay.Offer(Boot, [_known.Spans[1] with { Status = BootSpanStatus.Error }], 1, BootOutcome.Running);
        relay.Offer(BootApiTests.NewBootId(), [Span(9)], 1, BootOutcome.Joined);
        relay.Offer(Boot, [root], 1, BootOutcome.Running);
        IReadOnlyList<ReceivedSpan> came = await _collector.WaitForAsync(spans => spans.Count >= 3, "the whole trace");
        Assert.Equal(_known.Spans.Select(span => span.SpanId), came.Select(span => span.SpanId));
        Assert.Equal("no provider", came[2].StatusMessage);

        // What comes after the end is all that is new.
        relay.Offer(Boot, [Span(4) with { ParentSpanId = root.SpanId }], 1, BootOutcome.Failed);
        came = await _collector.WaitForAsync(spans => spans.Count > 3, "one more");
        Assert.Equal(Span(4).SpanId, came[^1].SpanId);
        Assert.Equal(4, came.Count);
    }

    [Fact]
    public async Task Collector_ThatIsBusyOrDead_GetsThemLater_Once()
    {
        int[] busy = [429, 503, 502, 504];
        _collector.Refuses = request => request <= busy.Length ? new OtlpRefusal(busy[request - 1], RetryAfterSeconds: 0) : null;
        BootSpanRelay relay = await StartAsync();
        relay.Offer(Boot, [Span(1)], 1, BootOutcome.Running);
        await _collector.WaitForAsync(spans => spans.Count == 1, "the first, at last");
        Assert.Equal(5, _collector.Requests);

        await _collector.GoAwayAsync();
        relay.Offer(Boot, [Span(2)], 1, BootOutcome.Running);
        relay.Offer(Boot, [Span(3)], 1, BootOutcome.Running);
        await Eventually.IsAsync(() => Told("does not take") == 2);
        _collector.ComeBack();

        IReadOnlyList<ReceivedSpan> came = await _collector.WaitForAsync(spans => spans.Count == 3, "those of meanwhile");
        Assert.Equal([Span(1).SpanId, Span(2).SpanId, Span(3).SpanId], came.Select(span => span.SpanId));
        await Eventually.IsAsync(() => relay.Counters.Relayed == 3 && Told("takes spans of boots again") == 2);
    }

    [Fact]
    public async Task Collector_ThatRefuses_IsNotAskedAgain_AndWhatComesThenGoesOn()
    {
        _collector.Refuses = request => request == 1 ? new OtlpRefusal(400) : null;
        BootSpanRelay relay = await StartAsync();
        relay.Offer(Boot, [Span(1), Span(2)], 1, BootOutcome.Running);
        await Eventually.IsAsync(() => relay.Counters.Refused == 2);

        relay.Offer(Boot, [Span(3)], 1, BootOutcome.Running);

        Assert.Equal(Span(3).SpanId, Assert.Single(await _collector.WaitForAsync(spans => spans.Count > 0, "the next")).SpanId);
        Assert.Equal(2, _collector.Requests);
    }

    [Fact]
    public async Task Collector_ThatIsSlow_HoldsUpNobody_AndWhatHasNoRoomIsCounted()
    {
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _collector.Holds = held.Task;
        BootSpanRelay relay = await StartAsync(new RelayLimits { MaxWaitingBytes = 100, MaxBatchBytes = 1 });
        relay.Offer(Boot, [Span(1)], 60, BootOutcome.Running);
        await Eventually.IsAsync(() => _collector.Requests == 1);

        relay.Offer(Boot, [Span(2)], 60, BootOutcome.Running);
        relay.Offer(Boot, [Span(3), Span(4)], 60, BootOutcome.Running);
        relay.Offer(Boot, [Span(5)], 40, BootOutcome.Running);
        Assert.Equal(2, relay.Counters.Full);
        held.SetResult();

        IReadOnlyList<ReceivedSpan> came = await _collector.WaitForAsync(spans => spans.Count == 3, "what had room");
        Assert.Equal([Span(1).SpanId, Span(2).SpanId, Span(5).SpanId], came.Select(span => span.SpanId));
    }

    [Fact]
    public async Task Collector_ThatNeverTakesThem_IsGivenUp()
    {
        _collector.Refuses = request => new OtlpRefusal(503);
        BootSpanRelay relay = await StartAsync(
            new RelayLimits { GiveUpAfter = TimeSpan.FromTicks(1), FirstPause = TimeSpan.FromMilliseconds(1) });

        relay.Offer(Boot, [Span(1), Span(2)], 1, BootOutcome.Running);

        await Eventually.IsAsync(() => relay.Counters.Late == 2);
    }

    [Fact]
    public async Task Stop_SendsWhatWaits_OnceMore()
    {
        _collector.Refuses = request => request == 1 ? new OtlpRefusal(503, RetryAfterSeconds: 60) : null;
        BootSpanRelay relay = await StartAsync();
        relay.Offer(Boot, [Span(1)], 1, BootOutcome.Running);
        await Eventually.IsAsync(() => Told("does not take") == 1);
        relay.Offer(Boot, [Span(2)], 1, BootOutcome.Running);

        await relay.StopAsync(CancellationToken.None);

        Assert.Equal([Span(1).SpanId, Span(2).SpanId], _collector.Spans.Select(span => span.SpanId));
        Assert.Equal((2, 0), (relay.Counters.Relayed, relay.Counters.Late));
    }

    [Fact]
    public async Task Grpc_IsSaidAtStart_AndNothingWaits()
    {
        BootSpanRelay relay = await StartAsync(("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"));

        await _log.WaitForAsync("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
        relay.Offer(Boot, [Span(1)], 1, BootOutcome.Running);
        await relay.StopAsync(CancellationToken.None);
        Assert.Equal((0, 0, 0), (_collector.Requests, relay.Counters.Late, relay.Counters.Full));
    }

    private int Told(string text) => _log.Lines.Count(line => line.Text.Contains(text, StringComparison.Ordinal));

    private static BootSpan Span(int number) => new()
    {
        SpanId = $"{number:x16}",
        Name = "test",
        Start = 10,
        End = 20,
        Source = new BootSpanSource("phase-agent"),
    };

    private Task<BootSpanRelay> StartAsync(params (string Variable, string Value)[] variables) =>
        StartAsync(new RelayLimits { FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(20) }, variables);

    private async Task<BootSpanRelay> StartAsync(RelayLimits limits, params (string Variable, string Value)[] variables)
    {
        TraceSettings settings = TraceSettings.From(name =>
            variables.Concat(_collector.Environment).FirstOrDefault(variable => variable.Variable == name).Value);
        using LoggerFactory loggers = new([_log]);
        BootSpanRelay relay = new(settings, _known, limits, TimeProvider.System, loggers.CreateLogger<BootSpanRelay>());
        _relays.Add(relay);
        await relay.StartAsync(CancellationToken.None);
        return relay;
    }

    /// <summary>A fleet that knows the spans of one boot.</summary>
    private sealed class KnownTraces : IGrainFactory, IBootSessionGrain
    {
        public ImmutableArray<BootSpan> Spans { get; set; } = [];

        public TGrainInterface GetGrain<TGrainInterface>(string primaryKey)
            where TGrainInterface : IGrainWithStringKey =>
            primaryKey == Boot ? (TGrainInterface)(object)this : throw new NotSupportedException();

        public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver observer)
            where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

        public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver observer)
            where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

        public Task<ImmutableArray<BootSpan>> GetSpansAsync() => Task.FromResult(Spans);

        public Task<BootCreated> CreateAsync(BootCreation creation) => throw new NotSupportedException();

        public Task<BootSessionView> RecordAsync(string signer, ImmutableArray<BootEvent> events) => throw new NotSupportedException();

        public Task RedeemTicketAsync(string secret, string provider) => throw new NotSupportedException();

        public Task AppendLogAsync(string signer, string text) => throw new NotSupportedException();

        public Task<string> GetLogAsync() => throw new NotSupportedException();

        public Task<BootOutcome> AppendSpansAsync(string signer, ImmutableArray<BootSpan> spans) => throw new NotSupportedException();

        public Task SweepAsync() => throw new NotSupportedException();

        public Task<BootSessionView?> GetAsync() => throw new NotSupportedException();
    }
}
