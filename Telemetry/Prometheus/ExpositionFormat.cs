using Microsoft.Net.Http.Headers;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>
/// Prometheus's text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics 1.0
/// (https://prometheus.io/docs/specs/om/open_metrics_spec/), which alone has units and exemplars.
/// </summary>
internal enum ExpositionFormat
{
    Text,
    OpenMetrics,
}

internal static class ExpositionFormats
{
    private const string OpenMetricsType = "application/openmetrics-text";
    private const string TextType = "text/plain";

    public static string ContentType(this ExpositionFormat format) => format switch
    {
        ExpositionFormat.OpenMetrics => $"{OpenMetricsType}; version=1.0.0; charset=utf-8",
        _ => $"{TextType}; version=0.0.4; charset=utf-8",
    };

    /// <summary>
    /// The one that is wanted more. Text where nothing is said, neither is wanted or <c>Accept</c> can't be read: a person with a browser
    /// can read it.
    /// </summary>
    public static ExpositionFormat Negotiate(IList<string?> accept)
    {
        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out IList<MediaTypeHeaderValue>? wanted))
        {
            return ExpositionFormat.Text;
        }

        double text = 0;
        double openMetrics = 0;
        foreach (MediaTypeHeaderValue type in wanted)
        {
            double quality = type.Quality ?? 1;
            string? version = type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?
                .GetUnescapedValue().Value;
            if (type.MediaType.Equals(OpenMetricsType, StringComparison.OrdinalIgnoreCase) && version is null or "1.0.0")
            {
                openMetrics = Math.Max(openMetrics, quality);
            }
            else if (type.MatchesAllTypes
                || (type.MediaType.Equals(TextType, StringComparison.OrdinalIgnoreCase) && version is null or "0.0.4"))
            {
                text = Math.Max(text, quality);
            }
        }

        return openMetrics > 0 && openMetrics >= text ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
    }
}
