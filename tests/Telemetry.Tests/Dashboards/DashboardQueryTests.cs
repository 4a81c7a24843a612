using System.Net.NetworkInformation;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>Each panel's and each alert's query, by Debian's Prometheus, on a mesh in a storm of boots.</summary>
public class DashboardQueryTests
{
    /// <summary>What this storm has no sure cause for: Prometheus must take the queries, and need not have data.</summary>
    private static readonly string[] NotMade =
    [
        "libp2p_streams_faults_total", "libp2p_fetch_requests_total", "libp2p_fetch_bytes_sent_bytes_total",
        "libp2p_connections_refused_total", "libp2p_dials_failed_total",
    ];

    /// <summary>The last needs a minute of silence, and up to another until the fleet looks.</summary>
    private static readonly string[] OfTheStorm =
        ["ReleaseFails", "ArtifactUnderReplicated", "ReleaseExpires", "ProviderQuarantined", "BootsStuck"];

    [Fact]
    public async Task EachQuery_HasData_AndEachAlertBegins_WhenTheirTimeHasCome()
    {
        await using MeshScene scene = await MeshScene.StartAsync();
        IReadOnlyList<PrometheusRule> rules = await scene.Prometheus.RulesAsync();
        using CancellationTokenSource enough = new();
        Task storm = scene.StormAsync(enough.Token);
        try
        {
            foreach (PanelQuery query in DashboardFiles.Queries())
            {
                if (NotMade.Any(name => query.Expression.Contains(name, StringComparison.Ordinal))
                    || (query.Expression.Contains("mdns_", StringComparison.Ordinal) && !HasLan()))
                {
                    await scene.Prometheus.QueryAsync(query.Expression);
                    continue;
                }

                await WaitAsync(scene, query, storm);
            }

            foreach (PrometheusRule rule in rules.Where(rule => !rule.IsAlert))
            {
                await WaitAsync(scene, new PanelQuery("recording rule", rule.Name), storm);
            }

            foreach (string alert in OfTheStorm)
            {
                await BeginsAsync(scene, alert, storm);
            }
        }
        finally
        {
            await enough.CancelAsync();
        }

        await storm;
        Assert.Empty((await scene.Prometheus.QueryAsync("""ALERTS{alertname=~"SiloDown|DatabaseAway"}""")).Keys);
        await scene.KillSecondSiloAsync();
        await BeginsAsync(scene, "SiloDown");
        await scene.KillDatabaseAsync();
        await BeginsAsync(scene, "DatabaseAway");
        Assert.Equal(OfTheStorm.Length + 2, rules.Count(rule => rule.IsAlert));
    }

    private static Task BeginsAsync(MeshScene scene, string alert, Task? storm = null) =>
        WaitAsync(scene, new PanelQuery("alert", $$"""ALERTS{alertname="{{alert}}"}"""), storm);

    /// <summary>A series at least, of a number; a rate of nothing by nothing is none.</summary>
    private static async Task WaitAsync(MeshScene scene, PanelQuery query, Task? storm)
    {
        Task found = scene.Prometheus.WaitForAsync(query.Expression, series => series.Values.Any(double.IsFinite));
        if (await Task.WhenAny(found, storm ?? found) != found)
        {
            await storm!; // It went on until it was told to stop, or says what stopped it.
        }

        try
        {
            await found;
        }
        catch (TimeoutException exception)
        {
            Assert.Fail($"{query.Where}: {exception.Message}");
        }
    }

    private static bool HasLan() => NetworkInterface.GetAllNetworkInterfaces().Any(one =>
        one is { OperationalStatus: OperationalStatus.Up, SupportsMulticast: true }
        && one.NetworkInterfaceType is not NetworkInterfaceType.Loopback);
}
