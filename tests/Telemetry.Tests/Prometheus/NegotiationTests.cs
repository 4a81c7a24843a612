using PhaseMesh.Telemetry.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Prometheus;

public class NegotiationTests
{
    /// <summary>As Debian's Prometheus 2.42 asks.</summary>
    private const string Prometheus =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    [Theory]
    [InlineData(Prometheus, ExpositionFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text", ExpositionFormat.OpenMetrics)]
    [InlineData("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", ExpositionFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;q=0.1, text/plain", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;version=0.0.1", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;q=0, text/plain;q=0.1", ExpositionFormat.Text)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", ExpositionFormat.Text)]
    [InlineData("application/json", ExpositionFormat.Text)]
    [InlineData("", ExpositionFormat.Text)]
    [InlineData("=;;,,/;q=x", ExpositionFormat.Text)]
    internal void Accept_ChoosesTheFormat(string accept, ExpositionFormat expected) =>
        Assert.Equal(expected, ExpositionFormats.Negotiate([accept]));

    [Fact]
    public void Accept_None_IsText() => Assert.Equal(ExpositionFormat.Text, ExpositionFormats.Negotiate([]));
}
