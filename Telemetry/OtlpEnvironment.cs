namespace PhaseMesh.Telemetry;

/// <summary>
/// OpenTelemetry's own variables, which its exporter reads: https://opentelemetry.io/docs/specs/otel/protocol/exporter/. It takes one that it
/// can't read for unset, silently; here that is an error.
/// </summary>
internal static class OtlpEnvironment
{
    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    /// <exception cref="ArgumentException">An endpoint is no URL.</exception>
    public static bool IsSet() => IsSet(Environment.GetEnvironmentVariable);

    /// <summary>Nothing is measured at all: OTEL_SDK_DISABLED is true.</summary>
    public static bool IsDisabled() => IsDisabled(Environment.GetEnvironmentVariable);

    internal static bool IsDisabled(Func<string, string?> variable) =>
        "true".Equals(variable("OTEL_SDK_DISABLED"), StringComparison.OrdinalIgnoreCase);

    internal static bool IsSet(Func<string, string?> variable)
    {
        string[] set = [.. Endpoints.Where(name => variable(name) is { Length: > 0 })];
        foreach (string name in set)
        {
            if (!Uri.TryCreate(variable(name), UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException($"{name}: expected an http or https URL, found '{variable(name)}'; nothing would be sent.");
            }
        }

        return set.Length > 0;
    }
}
