using System.Globalization;
using System.Text.RegularExpressions;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>How small requests were answered.</summary>
/// <param name="PerSecond">Requests answered.</param>
/// <param name="P50Milliseconds">Half of them took no longer.</param>
/// <param name="P99Milliseconds">All but one in a hundred took no longer.</param>
internal readonly record struct RequestRate(double PerSecond, double P50Milliseconds, double P99Milliseconds);

/// <summary>Small requests as fast as they are answered, by wrk.</summary>
internal static partial class RequestLoad
{
    /// <summary>Any answer but 2xx and 3xx is an error.</summary>
    public static async Task<RequestRate> RunAsync(Uri url, int connections, int seconds)
    {
        if (!File.Exists("/usr/bin/wrk"))
        {
            throw new BenchmarkAbsentException("wrk is not installed; run: deploy/setup.sh bench");
        }

        IReadOnlyList<OutputLine> output = await ChildProcess.RunAsync(
            "wrk", ["-t", "1", "-c", $"{connections}", "-d", $"{seconds}s", "--latency", url.ToString()],
            TimeSpan.FromSeconds(seconds + 60));
        string text = string.Join('\n', output.Select(line => line.Text));
        return text.Contains("Non-2xx", StringComparison.Ordinal) || text.Contains("Socket errors", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"wrk saw errors from {url}: {text}")
            : new RequestRate(
                double.Parse(RequestsPerSecond().Match(text).Groups[1].Value, CultureInfo.InvariantCulture),
                Milliseconds(HalfLatency().Match(text)), Milliseconds(TailLatency().Match(text)));
    }

    private static double Milliseconds(Match match)
    {
        double value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "us" => value / 1000,
            "ms" => value,
            "s" => value * 1000,
            _ => throw new FormatException($"Expected us, ms or s of wrk, found '{match.Value}'."),
        };
    }

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex RequestsPerSecond();

    [GeneratedRegex(@"50%\s+([0-9.]+)([a-z]+)")]
    private static partial Regex HalfLatency();

    [GeneratedRegex(@"99%\s+([0-9.]+)([a-z]+)")]
    private static partial Regex TailLatency();
}
