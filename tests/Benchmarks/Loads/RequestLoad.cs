using System.Text.RegularExpressions;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>Small requests as fast as they are answered, by wrk.</summary>
internal static partial class RequestLoad
{
    /// <returns>Requests answered per second; any answer but 2xx is an error.</returns>
    public static async Task<double> RunAsync(Uri url, int connections, int seconds)
    {
        IReadOnlyList<OutputLine> output = await ChildProcess.RunAsync(
            "wrk", ["-t", "1", "-c", $"{connections}", "-d", $"{seconds}s", url.ToString()], TimeSpan.FromSeconds(seconds + 60));
        string text = string.Join('\n', output.Select(line => line.Text));
        if (text.Contains("Non-2xx", StringComparison.Ordinal) || text.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"wrk saw errors from {url}: {text}");
        }

        return double.Parse(RequestsPerSecond().Match(text).Groups[1].Value);
    }

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex RequestsPerSecond();
}
