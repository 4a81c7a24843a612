using System.Security.Cryptography;
using PhaseMesh.Telemetry.Tracing;

namespace PhaseMesh.Telemetry.Tests.Tracing;

public class TraceSettingsTests
{
    [Theory]
    [InlineData("http://c:4318", "http/protobuf", "http://c:4318/v1/traces")]
    [InlineData("http://c:4318/", "http/protobuf", "http://c:4318/v1/traces")]
    [InlineData("https://c/otlp", "http/protobuf", "https://c/otlp/v1/traces")]
    [InlineData("http://c:4317", "grpc", "http://c:4317/")]
    [InlineData("http://c:4317", null, "http://c:4317/")]
    public void Endpoint_OfAllSignals_IsCompletedForHttp(string url, string? protocol, string expected)
    {
        TraceSettings settings = From(("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol));

        Assert.Equal((new Uri(expected), protocol == "http/protobuf"), (settings.Endpoint, settings.IsHttp));
        Assert.Equal((null, TimeSpan.FromSeconds(10), false), (settings.Headers, settings.Timeout, settings.BeginsTraces));
    }

    [Fact]
    public void Variables_OfTraces_ComeBeforeThoseOfAllSignals()
    {
        TraceSettings settings = From(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/as/it/is"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"), ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"), ("OTEL_TRACES_SAMPLER", "always_on"));

        Assert.Equal((new Uri("http://t/as/it/is"), true, "b=2"), (settings.Endpoint, settings.IsHttp, settings.Headers));
        Assert.Equal((TimeSpan.FromMilliseconds(2500), true), (settings.Timeout, settings.BeginsTraces));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    [InlineData("OTEL_TRACES_EXPORTER", "none")]
    public void Endpoint_NotSetOrNotWanted_IsNone(string? name, string? value) => Assert.Null(
        From(("OTEL_EXPORTER_OTLP_ENDPOINT", name is null ? null : "http://c"), (name ?? "", value)).Endpoint);

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318", "an http or https URL")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "yes", "an http or https URL")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc or http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none")]
    [InlineData("OTEL_TRACES_SAMPLER", "jaeger_remote", "one of always_on")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "NaN", "a number from 0 to 1")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "half", "a number from 0 to 1")]
    public void Variable_ThatBreaksItsRule_IsNamed(string name, string value, string rule)
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(() => TraceSettings.From(
            asked => asked == name ? value : asked == "OTEL_EXPORTER_OTLP_ENDPOINT" ? "http://c" : null));

        Assert.StartsWith($"{name}: expected {rule}", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"found '{value}'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parentbased_traceidratio")]
    [InlineData("traceidratio")]
    public void Ratio_IsOfTheTraceIds_ThoughEachBootSaysThatItIsSampled(string sampler)
    {
        TraceSettings half = Sampling(sampler, "0.5");
        TraceSettings same = Sampling(sampler, "0.5");
        TraceSettings tenth = Sampling(sampler, "0.1");
        string[] boots = [.. Enumerable.Range(0, 4000).Select(_ => RandomNumberGenerator.GetHexString(32, lowercase: true))];

        Assert.InRange(boots.Count(half.Samples), 1700, 2300);
        Assert.InRange(boots.Count(tenth.Samples), 250, 550);
        Assert.All(boots, boot => Assert.Equal(half.Samples(boot), same.Samples(boot)));
        Assert.All(boots.Where(tenth.Samples), boot => Assert.True(half.Samples(boot), $"{boot} is in a tenth, but not in a half"));
        Assert.DoesNotContain(boots, Sampling(sampler, "0").Samples);
        Assert.All(boots, boot => Assert.True(Sampling(sampler, "1").Samples(boot)));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("parentbased_always_on", true)]
    [InlineData("parentbased_always_off", true)]
    [InlineData("always_on", true)]
    [InlineData("always_off", false)]
    public void Boots_AreSampledAsTheirRootSays_WithoutARatio(string? sampler, bool expected) =>
        Assert.Equal(expected, Sampling(sampler, null).Samples("0af7651916cd43dd8448eb211c80319c"));

    private static TraceSettings Sampling(string? sampler, string? ratio) => From(
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", ratio));

    private static TraceSettings From(params (string Name, string? Value)[] variables) =>
        TraceSettings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
