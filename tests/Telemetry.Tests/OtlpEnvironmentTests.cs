namespace PhaseMesh.Telemetry.Tests;

public class OtlpEnvironmentTests
{
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317", true)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://collector/v1/metrics", true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", false)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4317", false)]
    public void IsSet_ByVariable(string name, string value, bool expected) =>
        Assert.Equal(expected, OtlpEnvironment.IsSet(asked => asked == name ? value : null));

    [Theory]
    [InlineData("collector:4317")]
    [InlineData("ftp://collector")]
    [InlineData("yes")]
    public void IsSet_NoUrl_SaysSo(string value)
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => OtlpEnvironment.IsSet(asked => asked == "OTEL_EXPORTER_OTLP_ENDPOINT" ? value : null));
        Assert.Equal($"OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL, found '{value}'; nothing would be sent.", refused.Message);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", false)]
    [InlineData(null, false)]
    public void IsDisabled_ByVariable(string? value, bool expected) =>
        Assert.Equal(expected, OtlpEnvironment.IsDisabled(asked => asked == "OTEL_SDK_DISABLED" ? value : null));
}
