using System.Text.Json;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>deploy/compose.yaml and what it mounts, read as YAML: it can't be run where there is no Docker.</summary>
public class ComposeTests
{
    private const string ToJson = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";

    [Fact]
    public async Task Compose_NamesWhatThereIs()
    {
        JsonElement compose = await ReadAsync("compose.yaml");
        Dictionary<string, JsonElement> services = Members(compose.GetProperty("services"));
        string[] volumes = [.. Members(compose.GetProperty("volumes")).Keys];
        Assert.Equal(["database", "gateway", "grafana", "prometheus", "silo1", "silo2"], services.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, JsonElement service) in services)
        {
            Assert.True(
                service.TryGetProperty("image", out _) != service.TryGetProperty("build", out _), $"{name} is made of nothing, or of two.");
            if (service.TryGetProperty("depends_on", out JsonElement needed))
            {
                Assert.Subset(services.Keys.ToHashSet(), Members(needed).Keys.ToHashSet());
            }

            foreach (string source in service.GetProperty("volumes").EnumerateArray().Select(volume => volume.GetString()!.Split(':')[0]))
            {
                // make image makes what is in artifacts/.
                Assert.True(volumes.Contains(source) || source.StartsWith("../artifacts/", StringComparison.Ordinal)
                    || Directory.Exists(Repository.PathOf("deploy", source)), $"{name} mounts {source}, which isn't there.");
            }
        }
    }

    [Fact]
    public async Task Prometheus_ScrapesTheServices_WhereTheyListen()
    {
        JsonElement compose = await ReadAsync("compose.yaml");
        JsonElement prometheus = await ReadAsync("prometheus/prometheus.yml");
        Dictionary<string, string[]> jobs = prometheus.GetProperty("scrape_configs").EnumerateArray().ToDictionary(
            job => job.GetProperty("job_name").GetString()!,
            job => job.GetProperty("static_configs")[0].GetProperty("targets").EnumerateArray()
                .Select(target => target.GetString()!).ToArray());
        Assert.Equal(["gateways", "providers", "silos"], jobs.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["silo1:8080", "silo2:8080"], jobs["silos"]);
        Assert.Equal(["gateway:8081"], jobs["gateways"]);
        Assert.All(
            jobs.Values.SelectMany(targets => targets),
            target => Assert.True(compose.GetProperty("services").TryGetProperty(target.Split(':')[0], out _)));
    }

    [Fact]
    public async Task Grafana_IsProvisioned_FromWhatIsMounted()
    {
        JsonElement compose = await ReadAsync("compose.yaml");
        string[] mounts = [.. compose.GetProperty("services").GetProperty("grafana").GetProperty("volumes").EnumerateArray()
            .Select(one => one.GetString()!)];
        JsonElement provider = (await ReadAsync("grafana/provisioning/dashboards/phasemesh.yaml")).GetProperty("providers")[0];
        Assert.Contains($"../dashboards:{provider.GetProperty("options").GetProperty("path").GetString()}:ro", mounts);
        Assert.Equal("file", provider.GetProperty("type").GetString());
        JsonElement source = (await ReadAsync("grafana/provisioning/datasources/prometheus.yaml")).GetProperty("datasources")[0];
        Assert.Equal(
            ("prometheus", "http://prometheus:9090"), (source.GetProperty("type").GetString(), source.GetProperty("url").GetString()));
        JsonElement interval = (await ReadAsync("prometheus/prometheus.yml")).GetProperty("global").GetProperty("scrape_interval");
        Assert.Equal(interval.GetString(), source.GetProperty("jsonData").GetProperty("timeInterval").GetString());
    }

    private static async Task<JsonElement> ReadAsync(string file)
    {
        IReadOnlyList<OutputLine> lines = await ChildProcess.RunAsync(
            "/usr/bin/python3", ["-c", ToJson, Repository.PathOf(["deploy", .. file.Split('/')])], TimeSpan.FromMinutes(2));
        using JsonDocument document = JsonDocument.Parse(string.Concat(lines.Select(line => line.Text)));
        return document.RootElement.Clone();
    }

    private static Dictionary<string, JsonElement> Members(JsonElement holder) =>
        holder.EnumerateObject().ToDictionary(one => one.Name, one => one.Value);
}
