using System.Text.Json.Nodes;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Postgres;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>Silos on a PostgreSQL of their own with a release published, and plasmds that join them by tokens: all real processes.</summary>
internal sealed class SiloFleet : IAsyncDisposable
{
    private readonly FaultRelease _release;
    private readonly ReleaseDirectory _state;
    private readonly string _keyFile;
    private readonly List<ChildProcess> _providers = [];
    private readonly List<SiloProcess> _silos = [];

    private SiloFleet(FaultRelease release, ReleaseDirectory state, PostgresServer database)
    {
        (_release, _state, Database, _keyFile) = (release, state, database, state.At("operator.key"));
        release.Release.Key.SaveFile(_keyFile);
    }

    public PostgresServer Database { get; }

    public IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>What makes a gateway follow them.</summary>
    public string[] GatewaySettings => [.. _silos.SelectMany(silo => (string[])["--silo", silo.Url.ToString()])];

    /// <param name="state">Where keys and the processes' state are kept.</param>
    public static async Task<SiloFleet> StartAsync(FaultRelease release, ReleaseDirectory state, params string[] silos)
    {
        SiloFleet fleet = new(release, state, await PostgresServer.StartNewAsync());
        string connection = await fleet.Database.NewDatabaseAsync();
        foreach (string name in silos)
        {
            fleet._silos.Add(await SiloProcess.StartAsync(
                name, connection, state.At(name), release.Release.Key.PublicKey.KeyId, Programs.FileOf("plasmd")));
        }

        await fleet.OperateAsync("channel", "publish", FleetLab.Channel, Path.Combine(release.Directory.Artifacts, "manifest.json"));
        return fleet;
    }

    /// <summary>A plasmd that serves the release.</summary>
    public async Task JoinAsync(string name, params (string Variable, string Value)[] environment)
    {
        string token = (string)(await OperateAsync("fleet", "token", "--name", name, "--json"))!["token"]!;
        (ChildProcess plasmd, _) = await Programs.ServeAsync(
            _release.Directory, $"{Path.GetFileName(_state.Root)}-{name}", null,
            [.. environment, ("PLASM_FLEET", string.Join(',', _silos.Select(silo => silo.Url))), ("PLASM_FLEET_TOKEN", token)]);
        _providers.Add(plasmd);
    }

    /// <summary>Runs a command of plasmd with the operator's key.</summary>
    /// <returns>What it printed, where that is JSON.</returns>
    public async Task<JsonNode?> OperateAsync(params string[] command)
    {
        IReadOnlyList<OutputLine> lines = await ChildProcess.RunAsync(
            "dotnet", [Programs.FileOf("plasmd"), .. command, "--fleet", _silos[0].Url.ToString(), "--key", _keyFile],
            Programs.Limit, Programs.Clean);
        return command.Contains("--json") ? JsonNode.Parse(string.Join('\n', lines.Select(line => line.Text))) : null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable process in (IAsyncDisposable[])[.. _providers, .. _silos, Database])
        {
            await process.DisposeAsync();
        }
    }
}
