using System.Globalization;
using System.Net;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>What a silo's <c>/metrics</c> says of its fleet.</summary>
[Collection("Fleet")]
public sealed class FleetMetricsTests(FleetStorages storages)
{
    private const string Slot = "arch=\"x86_64\",channel=\"stable\"";

    [Theory]
    [OnEachDatabase]
    public async Task Boots_AreCountedByPhaseOutcomeAndReason(string database)
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, database);
        FleetCaller op = scene.As(scene.Operator);
        BootManifest manifest = FleetReleases.Manifest(1);
        (await op.PostAsync("/v1/channels/stable/x86_64/publish", FleetReleases.Bytes(manifest))).Expect(HttpStatusCode.Created);
        (await op.PutAsync("/v1/fleet/policy", new { policy = "open" })).Expect(HttpStatusCode.OK);
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(
            scene.Node, replicas: [manifest.Artifacts[ArtifactKind.Kernel].Digest.ToString()]))).Expect(HttpStatusCode.OK);
        (await scene.As(scene.Node).PutAsync($"/v1/providers/{scene.Node.PublicKey.KeyId}/heartbeat", new
        {
            load = new { requests_in_flight = 7, bytes_per_second = 12345 },
            health = "ok",
        })).Expect(HttpStatusCode.OK);
        Dictionary<string, double> before = await ScrapeAsync(scene);

        await BootAsync(scene, "discovered", "manifest", "fetching");
        await BootAsync(scene, "discovered", "failed");
        await BootAsync(scene, "a-reason-of-its-own");

        // Figures are as old as five seconds, and an answer one.
        Dictionary<string, double> after = [];
        await Eventually.IsAsync(async () =>
            (after = await ScrapeAsync(scene)).GetValueOrDefault("phase_fleet_boots_running{phase=\"fetching\"}") == 1
            && after.GetValueOrDefault($"phase_fleet_release_boots{{{Slot},outcome=\"failed\"}}") == 2);
        Assert.Equal(3, Grown("phase_boot_phases_total{phase=\"created\"}"));
        Assert.Equal(2, Grown("phase_boot_phases_total{phase=\"discovered\"}"));
        Assert.Equal(1, Grown("phase_boot_phases_total{phase=\"fetching\"}"));
        Assert.Equal(2, Grown("phase_boot_phase_duration_seconds_count{phase=\"discovered\"}"));
        Assert.Equal(1, Grown("phase_boots_ended_total{outcome=\"failed\",reason=\"no_provider\"}"));
        Assert.Equal(1, Grown("phase_boots_ended_total{outcome=\"failed\",reason=\"other\"}"));
        Assert.Equal(2, Grown("phase_boot_duration_seconds_count{outcome=\"failed\"}"));
        string provider = scene.Node.PublicKey.KeyId["ed25519:".Length..][..16];
        string kernel = FleetReleases.Digest("v1-kernel").ToString()["sha256:".Length..][..16];
        foreach ((string series, double value) in ((string, double)[])
        [
            ("phase_fleet_boots_running{phase=\"created\"}", 0), ($"phase_fleet_release_number{{{Slot}}}", 1),
            ($"phase_fleet_release_percent{{{Slot}}}", 100), ($"phase_fleet_release_halted{{{Slot}}}", 0),
            ($"phase_fleet_release_boots{{{Slot},outcome=\"running\"}}", 1), ("phase_fleet_providers{state=\"serving\"}", 1),
            ($"phase_fleet_provider_serving{{provider=\"{provider}\"}}", 1),
            ($"phase_fleet_provider_requests_in_flight{{provider=\"{provider}\"}}", 7),
            ($"phase_fleet_provider_sending_bytes_per_second{{provider=\"{provider}\"}}", 12345),
            ($"phase_fleet_artifact_replicas{{artifact=\"{kernel}\",kind=\"kernel\"}}", 1),
            ($"phase_fleet_artifact_replicas_wanted{{artifact=\"{kernel}\",kind=\"kernel\"}}", 2),
            ("phase_fleet_artifacts_under_replicated", 2), ("phase_fleet_silos{status=\"active\"}", 1),
        ])
        {
            Assert.True(after.TryGetValue(series, out double found) && found == value,
                $"Expected {series} {value}, found:\n{string.Join('\n', after.Where(one => one.Key.StartsWith("phase_fleet", StringComparison.Ordinal)))}");
        }

        double Grown(string series) => after.GetValueOrDefault(series) - before.GetValueOrDefault(series);
    }

    [Fact]
    public async Task Enrolments_AreCountedByHowAndWhyNot()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite");
        Dictionary<string, double> before = await ScrapeAsync(scene);
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node)))
            .Expect(HttpStatusCode.Forbidden, "not-admitted");
        (await scene.As(scene.Operator).PutAsync("/v1/fleet/policy", new { policy = "open" })).Expect(HttpStatusCode.OK);
        (await scene.As(scene.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(scene.Node))).Expect(HttpStatusCode.OK);
        await Eventually.IsAsync(async () =>
        {
            Dictionary<string, double> after = await ScrapeAsync(scene);
            return Grown("phase_enrolments_total{admission=\"open\",waits=\"false\"}") == 1
                && Grown("phase_enrolments_refused_total{reason=\"not-admitted\"}") == 1;

            double Grown(string series) => after.GetValueOrDefault(series) - before.GetValueOrDefault(series);
        });
    }

    [Fact]
    public async Task OpenReadsFalse_LeavesTheFleetOut()
    {
        await using FleetScene scene = await FleetScene.StartAsync(storages, "sqlite", openReads: false);
        Dictionary<string, double> found = await ScrapeAsync(scene);
        Assert.Contains("phase_provider_ready", found.Keys);
        Assert.DoesNotContain(found.Keys, series => series.StartsWith("phase_fleet_", StringComparison.Ordinal));
    }

    private static async Task BootAsync(FleetScene scene, params string[] phases)
    {
        using var agent = Ed25519PrivateKey.Generate();
        string id = BootApiTests.NewBootId();
        (await scene.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(id))).Expect(HttpStatusCode.Created);
        foreach (string phase in phases)
        {
            object told = phase.Contains('-', StringComparison.Ordinal)
                ? new { phase = "failed", at = TimeProvider.System.GetUtcNow(), reason = phase }
                : BootApiTests.Event(phase);
            (await scene.As(agent).PostAsync($"/v1/boots/{id}/events", new[] { told })).Expect(HttpStatusCode.OK);
        }
    }

    /// <summary>Values by series, labels in the order of their names.</summary>
    private static async Task<Dictionary<string, double>> ScrapeAsync(FleetScene scene)
    {
        using HttpClient client = new();
        string text = await client.GetStringAsync(new Uri(scene.Url(), "/metrics"));
        Assert.Empty(MetricsDocument.FaultsIn(text));
        return text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToDictionary(
            line => Ordered(line[..line.LastIndexOf(' ')]),
            line => double.Parse(line[(line.LastIndexOf(' ') + 1)..].Replace("Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture));
    }

    private static string Ordered(string series) => series.Split('{') is [string name, string labels]
        ? $"{name}{{{string.Join(',', labels.TrimEnd('}').Split(',').Order(StringComparer.Ordinal))}}}"
        : series;
}
