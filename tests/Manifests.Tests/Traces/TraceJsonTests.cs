using System.Text;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Manifests.Tests.Traces;

public class TraceJsonTests
{
    private const string Id = "00112233445566778899aabbccddeeff";
    private const string Root = "0011223344556677";

    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly TraceSpans Sample = new(new TraceSource("phase-agent", "1.2", "node7"),
    [
        new TraceSpan { Id = Root, Name = "boot", Start = Noon, Attributes = [TraceTag.Of("phase.channel", "stable")] },
        new TraceSpan
        {
            Id = "00000000000000ff",
            Parent = Root,
            Name = "fetch kernel",
            Start = Noon.AddTicks(1),
            End = Noon.AddSeconds(1.5),
            Attributes =
            [
                TraceTag.Of("text", "\u00fcber \"\\\ud83d\ude00"), TraceTag.Of("number", long.MaxValue),
                TraceTag.Of("flag", true),
                TraceTag.Of("real", 0.1), TraceTag.Of("none", ""),
            ],
            Events = [new TraceEvent("provider.failed", Noon.AddSeconds(1), [TraceTag.Of("phase.reason", "why")])],
            Error = "it failed",
        },
    ]);

    [Fact]
    public void Write_ASpan_IsOtlpAsOpenTelemetryWritesIt()
    {
        string json = Encoding.UTF8.GetString(TraceWriter.Write(Id,
        [
            new TraceSpans(new TraceSource("plasmd", "1.2", null),
            [
                new TraceSpan
                {
                    Id = "00000000000000ff",
                    Parent = Root,
                    Name = "enrol",
                    Start = Noon,
                    End = Noon.AddTicks(1),
                    Attributes = [TraceTag.Of("n", -1)],
                    Events = [new TraceEvent("e", Noon, [])],
                    Error = "no",
                },
            ]),
            new TraceSpans(new TraceSource("nobody", "", null), []),
        ]));

        const string Expected = """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"plasmd"}},
            {"key":"service.version","value":{"stringValue":"1.2"}}]},"scopeSpans":[{"scope":{"name":"plasmd"},"spans":[
            {"traceId":"00112233445566778899aabbccddeeff","spanId":"00000000000000ff","parentSpanId":"0011223344556677","name":"enrol","kind":1,
            "startTimeUnixNano":"1795262400000000000","endTimeUnixNano":"1795262400000000100",
            "attributes":[{"key":"n","value":{"intValue":"-1"}}],"events":[{"timeUnixNano":"1795262400000000000","name":"e"}],
            "status":{"code":2,"message":"no"}}]}]}]}
            """;
        Assert.Equal(Expected.ReplaceLineEndings(""), json);
    }

    [Fact]
    public void TryRead_WhatWasWritten_IsTheSame()
    {
        byte[] json = TraceWriter.Write(Id, [Sample]);

        Assert.True(TraceReader.TryRead(json, Id, out IReadOnlyList<TraceSpans>? read, out string problem), problem);

        Assert.Equal(Sample.Source, Assert.Single(read).Source);
        Assert.Equal(json, TraceWriter.Write(Id, read));
        Assert.Null(read[0].Spans[0].End);
        Assert.Equal((Noon.AddTicks(1), "it failed"), (read[0].Spans[1].Start, read[0].Spans[1].Error));
        Assert.Equal(["\u00fcber \"\\\ud83d\ude00", long.MaxValue, true, 0.1, ""], read[0].Spans[1].Attributes.Select(each => each.Value));
    }

    public static TheoryData<string, string> Broken { get; } = new()
    {
        { "", "expected JSON" },
        { "{", "expected JSON" },
        { "[]", "resourceSpans: expected to be there" },
        { "{}", "resourceSpans: expected to be there" },
        { """{"resourceSpans":{}}""", "resourceSpans: expected a list" },
        { """{"resourceSpans":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}""", "expected JSON" },
        { """{"resourceSpans":[7]}""", "resourceSpans[0].resource: expected to be there" },
        { """{"resourceSpans":[{"resource":{}}]}""", "resourceSpans[0].scopeSpans: expected to be there" },
        { Span("\"traceId\":\"00", "\"traceId\":\"ff"), "traceId: expected 0011" },
        { Span("0000000000000001", "1"), "spanId: expected 16 hex digits" },
        { Span("0000000000000001", "0000000000000000"), "spanId: expected 16 hex digits" },
        { Span("0000000000000001", "000000000000000A"), "spanId: expected 16 hex digits" },
        { Span("\"name\":\"n\"", "\"name\":\"\""), "name: expected 1 to 128 characters" },
        { Span("\"name\":\"n\"", "\"name\":7"), "name: expected 1 to 128 characters, found Number" },
        { Span("\"name\":\"n\"", $"\"name\":\"{new string('n', 129)}\""), "name: expected 1 to 128 characters" },
        { Span("\"name\":\"n\"", "\"name\":\"\\ud800\""), "expected UTF-8" },
        { Span("\"1\"", "1"), "startTimeUnixNano: expected 1 to 20 characters" },
        { Span("\"1\"", "\"-1\""), "startTimeUnixNano: expected nanoseconds" },
        { Span("\"1\"", "\"7258118400000000001\""), "startTimeUnixNano: expected nanoseconds" },
        { Span("[]", """[{"key":"k","value":{"stringValue":7}}]"""), "attributes[0].value.stringValue: expected 0 to 256" },
        { Span("[]", """[{"key":"k","value":{"intValue":"x"}}]"""), "attributes[0].value: expected stringValue" },
        { Span("[]", """[{"key":"k","value":{"doubleValue":1e999}}]"""), "attributes[0].value: expected stringValue" },
        { Span("[]", """[{"key":"k","value":{"arrayValue":{}}}]"""), "attributes[0].value: expected stringValue" },
        { Span("[]", """[{"key":"","value":{"boolValue":true}}]"""), "attributes[0].key: expected 1 to 64" },
        { Span("[]", $"[{string.Join(',', Enumerable.Repeat("{}", 33))}]"), "attributes: expected a list of at most 32, found 33" },
        {
            Span("\"attributes\":[]", $"\"events\":[{string.Join(',', Enumerable.Repeat("{}", 65))}]"),
            "events: expected a list of at most 64, found 65"
        },
        { Span("\"attributes\":[]", "\"status\":{\"code\":2,\"message\":7}"), "status.message: expected 0 to 1024" },
        { Spans(257), "spans: expected a list of at most 256, found 257" },
        { Spans(200, 200), "expected a list of at most 56, found 200" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void TryRead_BreaksARule_IsNoneAndSaysWhere(string json, string expected)
    {
        Assert.False(TraceReader.TryRead(Encoding.UTF8.GetBytes(json), Id, out IReadOnlyList<TraceSpans>? read, out string problem));

        Assert.Null(read);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_TooLong_IsNotParsed()
    {
        byte[] json = Encoding.UTF8.GetBytes(Spans(1).PadRight(TraceLimits.MaxBytes + 1));

        Assert.False(TraceReader.TryRead(json, Id, out _, out string problem));
        Assert.Equal("the trace: expected at most 65536 bytes, found 65537", problem);
        Assert.True(TraceReader.TryRead(json.AsMemory(0, TraceLimits.MaxBytes), Id, out _, out problem), problem);
    }

    [Theory]
    [InlineData("short", "short")]
    [InlineData("a\u0000b\nc", "a?b?c")]
    [InlineData("0123456789abcdef", "0123456789")]
    [InlineData("012345678\ud83d\ude00", "012345678")]
    [InlineData("01234567\ud83d\ude00", "01234567\ud83d\ude00")]
    public void Fit_CutsBetweenCharactersAndDropsControls(string text, string expected) =>
        Assert.Equal(expected, TraceLimits.Fit(text, 10));

    private static string Span(string what, string with)
    {
        string json = Spans(1);
        Assert.Contains(what, json, StringComparison.Ordinal);
        return json.Replace(what, with, StringComparison.Ordinal);
    }

    private static string Spans(params int[] sources) => $$"""{"resourceSpans":[{{string.Join(',', sources.Select(count =>
        $$"""{"resource":{},"scopeSpans":[{"spans":[{{string.Join(',', Enumerable.Range(1, count).Select(number =>
            $$"""{"traceId":"{{Id}}","spanId":"{{number:x16}}","name":"n","startTimeUnixNano":"1","attributes":[]}"""))}}]}]}"""))}}]}""";
}
