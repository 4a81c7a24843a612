using PhaseMesh.Silo.Joining;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>docs/joining.md says what the code does.</summary>
public class DocumentationTests
{
    [Fact]
    public void Limits_Table_HasTheDefaults()
    {
        JoiningLimits limits = new();
        string[] expected =
        [
            $"{limits.Request.TotalSeconds} s; then the next silo",
            $"{limits.FirstPause.TotalSeconds} s, doubled to {limits.LongestPause.TotalSeconds} s, half of it by chance",
            $"obeyed up to {limits.LongestRetryAfter.TotalMinutes} min, when all silos ask for it",
            $"{limits.FirstRefusalPause.TotalSeconds} s, doubled to {limits.LongestRefusalPause.TotalMinutes} min, half of it by chance",
            $"as the silo asks, up to 10 % sooner by chance; {limits.ShortestBeat.TotalSeconds} s apart at least, "
                + $"{limits.LongestBeat.TotalMinutes} min at most",
            $"{limits.Drain.TotalSeconds} s",
            $"{limits.Trace.TotalSeconds} s each time, {JoiningLimits.TraceAttempts} times",
            $"{JoiningLimits.MaxAnswerBytes / 1024} KiB",
            $"{JoiningLimits.MaxAddresses} each; {JoiningLimits.MaxReplicas}",
        ];

        Assert.Equal(expected, File.ReadAllLines(Repository.PathOf("docs", "joining.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1).Select(row => row.Split('|')[2].Trim()));
    }
}
