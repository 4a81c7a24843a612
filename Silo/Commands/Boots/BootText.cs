using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Boots;

/// <summary>A boot of the API in words, for <c>boot list</c>, <c>boot show</c> and <c>top</c>. Safe for a terminal.</summary>
internal static class BootText
{
    /// <summary>Of the console, the last lines are shown, and warnings before them.</summary>
    private const int LastConsoleLines = 12;
    private const int MostWarnings = 12;

    public static string? StateOf(JsonElement boot) => boot.Is("is_stuck") ? $"stuck in {boot.Text("phase")}"
        : boot.Text("outcome") is "running" ? boot.Text("phase")
        : boot.Text("reason") is { } reason ? $"{boot.Text("outcome")}: {reason}"
        : boot.Text("outcome");

    /// <summary>From created to the last phase.</summary>
    public static string? Took(JsonElement boot) =>
        boot.Time("created_at") is { } created && boot.Time("updated_at") is { } updated ? JsonText.Duration(updated - created) : null;

    /// <summary>Whether there is something to explain.</summary>
    public static bool IsTrouble(JsonElement boot) => boot.Is("is_stuck") || boot.Text("outcome") is "failed" or "lost";

    /// <summary>A line for each thing that is known of it.</summary>
    public static IEnumerable<string> Facts(JsonElement boot)
    {
        foreach ((string label, string? value) in new[]
        {
            ("boot", boot.Text("boot_id")), ("state", StateOf(boot)), ("stopped", StoppedAt(boot)), ("detail", boot.Text("detail")),
            ("machine", boot.Text("machine_id")), ("channel", $"{boot.Text("channel")}/{boot.Text("arch")} ({boot.Text("mode")})"),
            ("release", boot.Text("release")), ("version", boot.Text("version")), ("manifest", boot.Text("manifest")),
            ("address", boot.Text("source_address")), ("found", boot.Items("sources").Any() ? null : Names(boot, "found")),
            ("fetched", boot.Number("bytes_total") > 0
                ? $"{HumanSize.Of(boot.Number("bytes_fetched"))} of {HumanSize.Of(boot.Number("bytes_total"))}, "
                    + $"{HumanSize.Of(boot.Number("bytes_per_second"))}/s"
                : null),
            ("from", Names(boot, "sources")), ("provider", boot.Peer("provider")), ("deadline", boot.Text("deadline")),
            ("trace", boot.Text("trace")),
        })
        {
            if (value is { Length: > 0 })
            {
                yield return $"{label + ":",-10} {SingleLine.Of(value)}";
            }
        }
    }

    /// <summary>Phase, the machine's time, how long after the first, when the fleet heard of it.</summary>
    public static IEnumerable<string?[]> Phases(JsonElement boot)
    {
        DateTimeOffset? began = null;
        foreach (JsonElement phase in boot.Items("phases"))
        {
            DateTimeOffset? at = phase.Time("received_at");
            began ??= at;
            string? since = at - began is { } passed ? JsonText.Duration(passed) : null;
            yield return [phase.Text("phase"), phase.Text("at"), since, phase.Text("received_at")];
        }
    }

    /// <summary>What to do next, and what its console said of the trouble; nothing for a boot that goes well.</summary>
    /// <param name="boot">As the API shows it.</param>
    /// <param name="log">What its console said, as far as the fleet has it.</param>
    public static IEnumerable<string> Explanation(JsonElement boot, string log)
    {
        IReadOnlyList<string> steps = BootAdvice.For(boot);
        if (steps.Count > 0)
        {
            yield return "what to do next:";
        }

        for (int i = 0; i < steps.Count; i++)
        {
            yield return $"  {i + 1}. {SingleLine.Of(steps[i])}";
        }

        string[] console = [.. log.Split('\n').Select(line => SingleLine.Of(line.TrimEnd())).Where(line => line.Length > 0)];
        if (console.Length == 0)
        {
            yield return "console: nothing of it has reached the fleet.";
            yield break;
        }

        yield return $"console, of {console.Length} lines (all of it: plasmd boot show {boot.Text("boot_id")} --log):";
        foreach (string line in RelevantLines(console))
        {
            yield return "  " + line;
        }
    }

    /// <summary>Warnings and failures, wherever they are, and the last lines; <c>...</c> where some are left out.</summary>
    internal static IEnumerable<string> RelevantLines(IReadOnlyList<string> console)
    {
        int last = Math.Max(0, console.Count - LastConsoleLines);
        List<int> shown = [.. Enumerable.Range(0, last).Where(i => IsWarning(console[i])).TakeLast(MostWarnings)];
        shown.AddRange(Enumerable.Range(last, console.Count - last));
        int next = 0;
        foreach (int i in shown)
        {
            if (i > next)
            {
                yield return "...";
            }

            yield return console[i];
            next = i + 1;
        }
    }

    private static bool IsWarning(string line) =>
        line.Contains("WARNING", StringComparison.Ordinal) || line.Contains("FAILED", StringComparison.Ordinal);

    private static string Names(JsonElement boot, string list) =>
        string.Join(", ", boot.Items(list).Select(source => source.GetString()));

    /// <summary>Of one that failed or was lost: what it was about to do after the last phase it came to.</summary>
    private static string? StoppedAt(JsonElement boot)
    {
        if (boot.Text("outcome") is not ("failed" or "lost"))
        {
            return null;
        }

        string? reached = boot.Items("phases").Select(phase => phase.Text("phase")).LastOrDefault(phase => phase != "failed");
        string doing = reached switch
        {
            "created" => "while it looked for providers",
            "discovered" => "while it asked those it found for the manifest",
            "manifest" => "before it fetched",
            "fetching" => "while it fetched",
            "verified" => "with everything verified, before the new kernel",
            "kexec" => "on the way into the new kernel, or before its node joined",
            _ => $"after {reached ?? "nothing"}",
        };
        return $"{doing} (phase {reached}), {Took(boot)} after it began";
    }
}
