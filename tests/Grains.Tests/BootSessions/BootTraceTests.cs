namespace PhaseMesh.Grains.Tests.BootSessions;

[Collection("Fleet")]
public class BootTraceTests(FleetStorages storages)
{
    public static TheoryData<string, BootSpan> BadSpans => new()
    {
        { "spans[1].spanId", Span(2) with { SpanId = "12" } },
        { "spans[1].spanId", Span(2) with { SpanId = new string('0', 16) } },
        { "spans[1].spanId", Span(2) with { SpanId = new string('A', 16) } },
        { "spans[1].parentSpanId", Span(2) with { ParentSpanId = "zz" } },
        { "spans[1].name", Span(2) with { Name = "" } },
        { "spans[1].name", Span(2) with { Name = new string('a', 129) } },
        { "spans[1].name", Span(2) with { Name = "a\0b" } },
        { "spans[1].kind", Span(2) with { Kind = (BootSpanKind)6 } },
        { "spans[1].status.code", Span(2) with { Status = (BootSpanStatus)3 } },
        { "spans[1].status.message", Span(2) with { StatusMessage = new string('a', 1025) } },
        { "spans[1].startTimeUnixNano", Span(2) with { Start = -1 } },
        { "spans[1].endTimeUnixNano", Span(2) with { End = long.MaxValue } },
        { "service.name", Span(2) with { Source = new BootSpanSource("") } },
        { "service.version", Span(2) with { Source = new BootSpanSource("a", new string('a', 257)) } },
        { "host.name", Span(2) with { Source = new BootSpanSource("a", "1", new string('a', 257)) } },
        { "spans[1].attributes", Span(2) with { Attributes = [.. Enumerable.Range(0, 33).Select(i => Text($"k{i}", ""))] } },
        { "spans[1].attributes[0].key", Span(2) with { Attributes = [Text("", "a")] } },
        { "spans[1].attributes[0].key", Span(2) with { Attributes = [Text(new string('a', 65), "a")] } },
        { "spans[1].attributes[1].key", Span(2) with { Attributes = [Text("a", "1"), Text("a", "2")] } },
        { "spans[1].attributes[0].value.stringValue", Span(2) with { Attributes = [Text("a", new string('a', 257))] } },
        { "spans[1].attributes[0].value", Span(2) with { Attributes = [new BootSpanAttribute { Key = "a" }] } },
        { "spans[1].attributes[0].value", Span(2) with { Attributes = [new BootSpanAttribute { Key = "a", Text = "", Flag = true }] } },
        { "spans[1].attributes[0].value", Span(2) with { Attributes = [new BootSpanAttribute { Key = "a", Real = double.NaN }] } },
        { "spans[1].events", Span(2) with { Events = [.. Enumerable.Repeat(Told("a"), 65)] } },
        { "spans[1].events[0].name", Span(2) with { Events = [Told("")] } },
        { "spans[1].events[0].timeUnixNano", Span(2) with { Events = [Told("a") with { At = -1 }] } },
        { "spans[1].events[0].attributes[0].key", Span(2) with { Events = [Told("a") with { Attributes = [Text("", "")] }] } },
    };

    [Theory]
    [OnEachStorage]
    public async Task Spans_AreKeptOnce_TheLastWordCounts_OldestFirst(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = storage == "memory" ? lab.Silo : await lab.AddSiloAsync();
        IBootSessionGrain boot = await CreateAsync(lab);
        BootSpan whole = Span(7, start: 70) with
        {
            ParentSpanId = Id(3),
            Kind = BootSpanKind.Client,
            Status = BootSpanStatus.Error,
            StatusMessage = "why\nso",
            Attributes =
            [
                Text("text", "ä"), new BootSpanAttribute { Key = "integer", Whole = long.MinValue },
                new BootSpanAttribute { Key = "real", Real = 0.1 }, new BootSpanAttribute { Key = "flag", Flag = false },
            ],
            Events = [Told("provider.started") with { Attributes = [Text("phase.provider", "http://a/")] }],
            Source = new BootSpanSource("plasmd", "1.2", "host"),
        };

        await boot.AppendSpansAsync(Nodes.Id(1), [Span(9, start: 90), Span(3, start: 30) with { Name = "before" }]);
        Assert.Equal(BootOutcome.Running, await boot.AppendSpansAsync(Nodes.Id(1), [whole, Span(3, start: 40), Span(3, start: 50)]));
        await boot.AppendSpansAsync(Nodes.Id(1), [whole]);

        ImmutableArray<BootSpan> kept = await other.Get<IBootSessionGrain>(Nodes.Boot(1)).GetSpansAsync();
        Assert.Equal([Id(3), Id(7), Id(9)], kept.Select(span => span.SpanId));
        Assert.Equal(("test", 50), (kept[0].Name, kept[0].Start));
        BootSpan read = kept[1];
        Assert.Equal(whole.Attributes.AsEnumerable(), read.Attributes);
        Assert.Equal(whole.Events[0].Attributes.AsEnumerable(), Assert.Single(read.Events).Attributes);
        Assert.Equal(whole.Events[0] with { Attributes = [] }, read.Events[0] with { Attributes = [] });
        Assert.Equal(whole with { Attributes = [], Events = [] }, read with { Attributes = [], Events = [] });
    }

    [Theory]
    [OnEachStorage]
    public async Task Trace_IsForgottenWithItsBoot(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IBootSessionGrain boot = await CreateAsync(lab);
        await boot.AppendSpansAsync(Nodes.Id(1), [Span(1)]);

        lab.Clock.Pass(lab.Options.KeepBootsFor + TimeSpan.FromSeconds(1));
        await lab.Silo.SweepAsync();

        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => boot.GetSpansAsync());
        await boot.CreateAsync(Nodes.Creation(1, "n2"));
        Assert.Empty(await boot.GetSpansAsync());
    }

    [Fact]
    public async Task Spans_TakesThoseOfTheBootsKeys_AndTellsHowItStands()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => boot.AppendSpansAsync(Nodes.Id(1), [Span(1)]));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => boot.GetSpansAsync());
        BootCreated created = await boot.CreateAsync(Nodes.Creation(1));
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => boot.AppendSpansAsync(Nodes.Id(50), [Span(1)]));
        Assert.True(FleetSecret.TryParseTicket(created.Ticket, out FleetSecret? ticket));
        await boot.RedeemTicketAsync(ticket.Secret, Nodes.Id(50));
        await boot.AppendSpansAsync(Nodes.Id(50), [Span(1)]);
        await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Failed, lab.Clock.Now)]);

        Assert.Equal(BootOutcome.Failed, await boot.AppendSpansAsync(Nodes.Id(1), [Span(2)]));
    }

    [Theory]
    [MemberData(nameof(BadSpans))]
    public async Task Spans_BadOne_IsRefusedByItsPath_AndTheGoodOneBesideItToo(string path, BootSpan bad)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = await CreateAsync(lab);

        FleetRefusedException refused = await Nodes.RefusedAsync(
            FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), [Span(1), bad]));

        Assert.Contains($"{path}: expected", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await boot.GetSpansAsync());
    }

    [Fact]
    public async Task Spans_OfACall_AreBounded()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = await CreateAsync(lab);

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), []));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), default));
        await Nodes.RefusedAsync(
            FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), [.. Enumerable.Range(1, 257).Select(i => Span(i))]));
    }

    [Fact]
    public async Task Spans_OfABoot_AreBounded_InNumberAndBytes()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = await CreateAsync(lab);
        await boot.AppendSpansAsync(Nodes.Id(1), [.. Enumerable.Range(1, 256).Select(i => Span(i))]);
        await boot.AppendSpansAsync(Nodes.Id(1), [.. Enumerable.Range(257, 256).Select(i => Span(i))]);
        FleetRefusedException refused = await Nodes.RefusedAsync(
            FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), [Span(512) with { Name = "new" }, Span(513)]));
        Assert.Contains("at most 512", refused.Message, StringComparison.Ordinal);
        ImmutableArray<BootSpan> kept = await boot.GetSpansAsync();
        Assert.Equal((512, "test"), (kept.Length, kept[^1].Name));

        boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(2));
        await boot.CreateAsync(Nodes.Creation(1));
        BootSpan large = Span(1) with { Attributes = [.. Enumerable.Range(0, 32).Select(i => Text($"k{i}", new string('ä', 256)))] };
        ImmutableArray<BootSpan> fitting = [.. Enumerable.Range(1, 15).Select(i => large with { SpanId = Id(i) })];
        Assert.InRange(fitting.Sum(span => span.SizeBytes), BootSpanLimits.KeptBytes - large.SizeBytes, BootSpanLimits.KeptBytes);
        await boot.AppendSpansAsync(Nodes.Id(1), fitting);
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.AppendSpansAsync(Nodes.Id(1), [large with { SpanId = Id(99) }]));
        await boot.AppendSpansAsync(Nodes.Id(1), [large]);
    }

    private static async Task<IBootSessionGrain> CreateAsync(FleetLab lab)
    {
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));
        return boot;
    }

    private static string Id(int number) => $"{number:x16}";

    private static BootSpan Span(int number, long start = 0) => new()
    {
        SpanId = Id(number),
        Name = "test",
        Kind = BootSpanKind.Internal,
        Start = start,
        End = 100,
        Source = new BootSpanSource("phase-agent"),
    };

    private static BootSpanAttribute Text(string key, string value) => new() { Key = key, Text = value };

    private static BootSpanEvent Told(string name) => new() { Name = name, At = 5 };
}
