using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.TestKit;

namespace PhaseMesh.BootAgent.Tests.Parameters;

/// <summary>docs/boot-agent.md says what the code does.</summary>
public class DocumentationTests
{
    private readonly string[] _lines = File.ReadAllLines(Repository.PathOf("docs", "boot-agent.md"));

    [Fact]
    public void Parameters_Table_IsTheCodesTable()
    {
        IEnumerable<string> expected = ParameterTable.All.Select(each =>
        {
            string name = each.Name is null ? "" : $"`{each.Name}`";
            string value = each.Expected.Replace("<", "\\<", StringComparison.Ordinal);
            return $"| {name} | `{each.Flag}` | {value} | {each.Default} | {each.Meaning} |";
        });

        Assert.Equal(expected, TableUnder("## Parameters"));
    }

    [Fact]
    public void ExitCodes_Table_IsTheCodesTable() =>
        Assert.Equal(
            AgentExitCodes.All.Select(code =>
                $"| {(int)code} |{(code == AgentExitCode.Ok ? "" : $" `{code.Slug()}`")} | {code.Meaning()} |"),
            TableUnder("## Exit codes"));

    [Fact]
    public void Limits_Table_HasTheDefaults()
    {
        FetchLimits limits = new();
        DiscoveryLimits discovery = new();
        FleetLimits fleet = new();
        string[] expected =
        [
            $"{limits.ManifestTimeLimit.TotalSeconds:0} s",
            $"{limits.ManifestAttemptLimit.TotalSeconds:0} s",
            $"{limits.ManifestGrace.TotalSeconds:0} s",
            $"{limits.ConnectTimeLimit.TotalSeconds:0} s",
            $"{limits.MinimumBytesPerWindow / 1024} KiB in {limits.StallWindow.TotalSeconds:0} s",
            $"{limits.NoProgressLimit.TotalSeconds:0} s",
            $"{limits.NoProgressLimit.TotalSeconds:0} s + size / {limits.MinimumAverageBytesPerSecond / 1024} KiB/s",
            $"{limits.MaxContentFaults}", $"{limits.MaxFruitlessAttempts}",
            $"{limits.FirstPause.TotalSeconds} s, doubled to {limits.LongestPause.TotalSeconds:0} s",
            $"{limits.LongestRetryAfter.TotalSeconds:0} s", $"{limits.BusyLimit.TotalSeconds:0} s", $"{limits.MaxConnections}",
            $"{discovery.SearchLimit.TotalSeconds:0} s", $"{discovery.SearchLimitAfterRefusals.TotalSeconds:0} s",
            $"{discovery.HeadStart.TotalSeconds} s", $"{discovery.Settle.TotalSeconds} s", $"{discovery.NextAddressAfter.TotalSeconds} s",
            $"{discovery.MaxAsked}", $"{discovery.MaxAskedInAll}", $"{ProviderList.MaxPerTier}", $"{DhtHints.MaxProviders}",
            $"{DhtHints.MaxUrls}", $"{discovery.MaxFurtherAttempts}",
            $"{discovery.FirstRoundPause.TotalSeconds} s, doubled to {discovery.LongestRoundPause.TotalSeconds:0} s",
            $"{FetchLimits.MaxRedirects}, to http only", $"{FetchLimits.MaxHeaderKilobytes} KiB",
            $"{fleet.BootDelay.TotalSeconds} s, of which {fleet.AssignmentWait.TotalSeconds} s before the manifest is chosen",
            $"{fleet.FailureFlush.TotalSeconds} s",
            $"{fleet.FirstRequest.TotalSeconds} s, doubled to {fleet.LongestRequest.TotalSeconds} s",
            $"{fleet.FirstPause.TotalSeconds} s, doubled to {fleet.LongestPause.TotalSeconds} s",
            $"{FleetLimits.MaxAnswerBytes / 1024} KiB", $"{FleetLimits.MaxPendingEvents}",
            $"{SpanQueue.MaxLive}, {SpanQueue.MaxLiveBytes / 1024} KiB", $"{SpanQueue.MaxPending}, {SpanQueue.MaxPendingBytes / 1024} KiB",
            $"{BootLog.MaxLength / 1024} Ki characters",
        ];

        Assert.Equal(expected, TableUnder("## Limits").Select(row => row.Split('|')[2].Trim()));
    }

    /// <summary>The rows of the first table after a heading, without its own two heading rows.</summary>
    private List<string> TableUnder(string heading) =>
    [
        .. _lines.SkipWhile(line => line != heading).SkipWhile(line => !line.StartsWith('|')).Skip(2)
            .TakeWhile(line => line.StartsWith('|')),
    ];
}
