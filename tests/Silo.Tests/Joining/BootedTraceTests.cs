using PhaseMesh.Manifests.Traces;
using PhaseMesh.Silo.Joining;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>How the booted node ends what the agent began.</summary>
public sealed class BootedTraceTests : IDisposable
{
    private const string BootId = "00112233445566778899aabbccddeeff";
    private const string Root = "0011223344556677";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("phase-trace-");
    private readonly StoppedClock _clock = new();

    private string Carried => Path.Combine(_folder.FullName, "trace.json");

    private DateTimeOffset Now => _clock.GetUtcNow();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Write_AfterJoining_IsOneTraceWithoutAGap()
    {
        // It was handed over 12 s ago, the kernel began 10 s ago.
        BootedTrace trace = Begin(kexec: Now.AddSeconds(-12));
        _clock.Advance(TimeSpan.FromSeconds(1));
        trace.Enrolling();
        _clock.Advance(TimeSpan.FromSeconds(2));
        trace.Enrolled();
        _clock.Advance(TimeSpan.FromSeconds(3));
        trace.Joined();

        Dictionary<string, TraceSpan> spans = Told(trace);
        DateTimeOffset began = Now.AddSeconds(-16);
        Assert.Equal(
            ["boot", "enrol", "fetch", "kernel start", "kexec load", "plasmd start"], spans.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((began.AddSeconds(-2), began), Times(spans["kexec load"]));
        Assert.Equal((began, began.AddSeconds(4.5)), Times(spans["kernel start"]));
        Assert.Equal((began.AddSeconds(7), began.AddSeconds(10)), Times(spans["plasmd start"]));
        Assert.Equal((began.AddSeconds(11), began.AddSeconds(13)), Times(spans["enrol"]));
        Assert.Equal((began.AddSeconds(-22), Now), Times(spans["boot"]));
        Assert.All(spans.Values, span => Assert.Equal(span.Name == "boot" ? null : Root, span.Parent));
        Assert.Equal(("phase.channel", (object)"stable"), (spans["boot"].Attributes[0].Key, spans["boot"].Attributes[0].Value));
        trace.Told();
        Assert.True(trace.IsOver);
        Assert.False(trace.HasNews);
    }

    [Theory]
    [InlineData(-9.5)] // A clock of whole seconds: the new kernel seems to have begun before the old one handed over.
    [InlineData(86_400 * 365)] // The fleet told the agent that the clock was a year behind.
    [InlineData(-3600)] // The clock was set meanwhile.
    public void Begin_KernelsDisagreeOnTheTime_TheNewOneBeginsWhereTheOldOneEnded(double kexecSeconds)
    {
        DateTimeOffset kexec = Now.AddSeconds(kexecSeconds);
        BootedTrace trace = Begin(kexec);
        trace.Enrolling();
        trace.Enrolled();
        trace.Joined();

        Dictionary<string, TraceSpan> spans = Told(trace);
        Assert.Equal((kexec, kexec), Times(spans["kexec load"]));
        Assert.Equal((kexec, kexec.AddSeconds(4.5)), Times(spans["kernel start"]));
        Assert.Equal(kexec.AddSeconds(10), spans["boot"].End);
        Assert.All(spans.Values, span => Assert.InRange(span.Start, spans["boot"].Start, span.End!.Value));
        Assert.All(spans.Values, span => Assert.InRange(span.End!.Value, span.Start, spans["boot"].End!.Value));
    }

    [Fact]
    public void Told_Enrolled_TheRestIsToldLaterAndOnlyOnce()
    {
        BootedTrace trace = Begin(Now.AddSeconds(-12));
        trace.Enrolling();
        trace.Enrolled();
        Assert.DoesNotContain("boot", Told(trace).Keys);
        trace.Told();
        Assert.False(trace.IsOver || trace.HasNews);

        trace.Enrolling(); // Its addresses changed.
        trace.Enrolled();
        Assert.False(trace.HasNews);
        trace.Joined();
        Assert.Equal(["boot"], Told(trace).Keys);
    }

    [Fact]
    public void Begin_NobodySaysWhenUserSpaceBegan_ItDidWithPlasmd()
    {
        BootedTrace trace = Begin(Now.AddSeconds(-12), userSpace: null);

        Dictionary<string, TraceSpan> spans = Told(trace);
        Assert.Equal(spans["plasmd start"].Start, spans["kernel start"].End);
    }

    public static TheoryData<string, string> Broken { get; } = new()
    {
        { "", "expected JSON" },
        { "{}", "resourceSpans" },
        { """{"resourceSpans":[]}""", "expected one source, found 0" },
        { """{"resourceSpans":[{"resource":{},"scopeSpans":[]}]}""", "found 0 spans without an end" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void TryRead_BadFile_IsNoneAndSaysWhy(string text, string expected)
    {
        File.WriteAllText(Carried, text);

        Assert.False(CarriedTrace.TryRead(Carried, BootId, out CarriedTrace? trace, out string problem));

        Assert.Null(trace);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_OfAnotherBootOrTooLongOrOtherwiseOpen_IsNone()
    {
        Write(Now);
        Assert.False(CarriedTrace.TryRead(Carried, BootId.Replace('f', 'e'), out _, out string problem));
        Assert.Contains("traceId: expected 00112233445566778899aabbccddeeee", problem, StringComparison.Ordinal);

        Write(Now, boot => boot with { End = Now });
        Assert.False(CarriedTrace.TryRead(Carried, BootId, out _, out problem));
        Assert.Contains("found 1 spans without an end", problem, StringComparison.Ordinal);

        Write(Now, boot => boot with { Id = "ff00000000000000" });
        Assert.False(CarriedTrace.TryRead(Carried, BootId, out _, out _));

        Write(Now, boot => boot with { Start = Now.AddDays(1) }); // A boot that began after its kexec.
        Assert.False(CarriedTrace.TryRead(Carried, BootId, out _, out _));

        File.WriteAllText(Carried, new string(' ', 10_000_000));
        Assert.False(CarriedTrace.TryRead(Carried, BootId, out _, out problem));
        Assert.Contains("at most 65536 bytes", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_NoFile_IsNothingToSpeakOf()
    {
        Assert.False(CarriedTrace.TryRead(Carried, BootId, out _, out string problem));
        Assert.Empty(problem);
    }

    [Theory]
    [InlineData("123.45 99.9\n", "1 (a) b) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12000 9 9\n", 123.45, 120.0)]
    [InlineData("123.45 99.9\n", "1 (sh) S 0\n", null, null)]
    [InlineData("soon\n", "1 (sh) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12000 9 9\n", null, null)]
    [InlineData(null, null, null, null)]
    public void KernelMoments_OfProcfs_AreWhatItSays(string? uptime, string? stat, double? now, double? process)
    {
        if (uptime is not null)
        {
            Directory.CreateDirectory(Path.Combine(_folder.FullName, "self"));
            File.WriteAllText(Path.Combine(_folder.FullName, "uptime"), uptime);
            File.WriteAllText(Path.Combine(_folder.FullName, "self", "stat"), stat);
        }

        KernelMoments? moments = KernelMoments.Read(_folder.FullName);

        Assert.Equal((now, process), (moments?.Now.TotalSeconds, moments?.Process.TotalSeconds));
    }

    /// <summary>Ten seconds into the new kernel, plasmd being three seconds old.</summary>
    private BootedTrace Begin(DateTimeOffset kexec, double? userSpace = 4.5)
    {
        Write(kexec);
        Assert.True(CarriedTrace.TryRead(Carried, BootId, out CarriedTrace? carried, out string problem), problem);
        return new BootedTrace(
            carried, BootId, new KernelMoments(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(7)),
            userSpace is { } seconds ? TimeSpan.FromSeconds(seconds) : null, "1.2", _clock);
    }

    private void Write(DateTimeOffset kexec, Func<TraceSpan, TraceSpan>? with = null) =>
        File.WriteAllBytes(Carried, CarriedTraces.Write(BootId, kexec, with));

    private static Dictionary<string, TraceSpan> Told(BootedTrace trace)
    {
        Assert.True(TraceReader.TryRead(trace.Write(), BootId, out IReadOnlyList<TraceSpans>? sources, out string problem), problem);
        Assert.All(sources, source => Assert.All(source.Spans, span => Assert.Equal(
            span.Name is "boot" or "kexec load" or "fetch" ? "phase-agent" : "plasmd", source.Source.Service)));
        return sources.SelectMany(source => source.Spans).ToDictionary(span => span.Name);
    }

    private static (DateTimeOffset Start, DateTimeOffset End) Times(TraceSpan span) => (span.Start, span.End!.Value);

    private sealed class StoppedClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero).AddTicks(_ticks);
    }
}
