using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Gateway.Tests.Storm;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Postgres;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// A gateway that knows its providers from silos alone goes on when the silos and their database are gone at once, and when it is itself
/// started anew after that. All real processes, with 64 downloads in mid-body.
/// </summary>
[Collection(StormTurns.Name)]
public sealed class SilosGoneTests(FaultRelease release) : IClassFixture<FaultRelease>, IAsyncLifetime
{
    private const int Clients = 64;
    private readonly List<ChildProcess> _processes = [];
    private readonly List<SiloProcess> _silos = [];
    private PostgresServer? _database;

    [Fact]
    public async Task SilosAndDatabaseKilled_DownloadsGoOn_AndNewOnesAreServed_AlsoAfterARestart()
    {
        using ReleaseDirectory state = new();
        await StartFleetAsync(state);
        string[] silos = [.. _silos.SelectMany(silo => (string[])["--silo", silo.Url.ToString()])];
        string[] settings = [.. silos, "--memory", "16MiB", "--max-streams-per-client", "256"];
        (ChildProcess gateway, Uri url) = await Programs.GatewayAsync(state, release.Release, [], settings);
        _processes.Add(gateway);
        using HttpClient client = new() { Timeout = Programs.Limit };
        await StormFigures.ProviderCountAsync(client, url, 2);
        using PacedDownloads downloads = new(new Uri(url, "/rootfs"), release.Rootfs, Clients, pauseAt: 1 << 20);
        await downloads.AllPausedAsync();

        await FaultScene.KillAsync(_silos.Select(silo => silo.Console));
        await _database!.KillAsync();
        downloads.GoOn();

        Assert.All(await downloads.Ended.WaitAsync(Programs.Limit), cuts => Assert.Equal(0, cuts));
        await AssertServesAsync(client, url);

        await FaultScene.KillAsync(gateway);
        (ChildProcess second, _) = await Programs.GatewayAsync(url.Port, state, release.Release, [], settings);
        _processes.Add(second);
        await AssertServesAsync(client, url);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (IAsyncDisposable process in (IAsyncDisposable[])[.. _processes, .. _silos])
        {
            await process.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    /// <summary>Two silos on PostgreSQL, the release published, two plasmds that joined by tokens.</summary>
    private async Task StartFleetAsync(ReleaseDirectory state)
    {
        string key = release.Release.Key.PublicKey.KeyId;
        string keyFile = state.At("operator.key");
        release.Release.Key.SaveFile(keyFile);
        _database = await PostgresServer.StartNewAsync();
        string connection = await _database.NewDatabaseAsync();
        foreach (string name in (string[])["silo1", "silo2"])
        {
            _silos.Add(await SiloProcess.StartAsync(name, connection, state.At(name), key, Programs.FileOf("plasmd")));
        }

        await OperateAsync("channel", "publish", FleetLab.Channel, Path.Combine(release.Directory.Artifacts, "manifest.json"));
        foreach (string name in (string[])["left", "right"])
        {
            string token = (string)JsonNode.Parse(await OperateAsync("fleet", "token", "--name", name, "--json"))!["token"]!;
            (ChildProcess plasmd, _) = await Programs.ServeAsync(
                release.Directory, $"fleet-{name}", null,
                ("PLASM_FLEET", string.Join(',', _silos.Select(silo => silo.Url))), ("PLASM_FLEET_TOKEN", token));
            _processes.Add(plasmd);
        }

        async Task<string> OperateAsync(params string[] command) => string.Join('\n', (await ChildProcess.RunAsync(
            "dotnet", [Programs.FileOf("plasmd"), .. command, "--fleet", _silos[0].Url.ToString(), "--key", keyFile],
            Programs.Limit, Programs.Clean)).Select(line => line.Text));
    }

    private async Task AssertServesAsync(HttpClient client, Uri url)
    {
        JsonElement ready = await client.GetFromJsonAsync<JsonElement>(new Uri(url, "/readyz"));
        Assert.True(ready.GetProperty("ready").GetBoolean());
        byte[] rootfs = await client.GetByteArrayAsync(new Uri(url, "/rootfs"));
        Assert.Equal(release.Release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, Sha256Digest.Compute(rootfs));
    }
}
