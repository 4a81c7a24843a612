using System.Security.Cryptography;
using System.Text.Json.Nodes;
using PhaseMesh.TestKit.Postgres;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// A fleet as an operator runs it: silos of one cluster on a PostgreSQL server of its own, the release of a <see cref="BootLab"/>
/// published, and <c>plasmd</c>'s commands to operate it with the lab's operator key.
/// </summary>
public sealed class FleetLab : IAsyncDisposable
{
    /// <summary>What the lab's release is published as.</summary>
    public const string Channel = "stable/x86_64";

    private readonly BootLab _lab;
    private readonly PostgresServer _database;
    private IReadOnlyList<(string Variable, string Value)> _environment = [];

    private FleetLab(BootLab lab, PostgresServer database, IReadOnlyList<SiloProcess> silos) =>
        (_lab, _database, Silos) = (lab, database, silos);

    public IReadOnlyList<SiloProcess> Silos { get; }

    /// <summary>The kernel parameter that tells a machine of this fleet.</summary>
    public string Parameter => $"phase.fleet={string.Join(',', Silos.Select(silo => silo.UrlForMachines))}";

    /// <summary>Starts everything and publishes the lab's release.</summary>
    /// <param name="lab">With a signed release.</param>
    /// <param name="silos">How many.</param>
    /// <param name="environment">Settings of silos and gateways besides.</param>
    public static async Task<FleetLab> StartAsync(
        BootLab lab, int silos = 2, params IReadOnlyList<(string Variable, string Value)> environment)
    {
        PostgresServer database = await PostgresServer.StartNewAsync();
        List<SiloProcess> started = [];
        try
        {
            string connection = await database.NewDatabaseAsync();
            for (int number = 1; number <= silos; number++)
            {
                string name = $"silo{number}";
                started.Add(await SiloProcess.StartAsync(
                    name, connection, lab.PathOf(name + ".state"), lab.OperatorKeyId, environment: environment));
            }

            FleetLab fleet = new(lab, database, started) { _environment = environment };
            await fleet.RunAsync("channel", "publish", Channel, Path.Combine(lab.Release, "manifest.json"));
            return fleet;
        }
        catch
        {
            await EndAsync(started, database);
            throw;
        }
    }

    /// <summary>A machine that tells this fleet of its boot, under an id that is known beforehand.</summary>
    /// <param name="name">What failures call it, and its name on the network.</param>
    /// <param name="parameters">Kernel parameters such as <c>phase.provider=…</c>.</param>
    /// <param name="memoryMegabytes">Its memory.</param>
    public async Task<FleetMachine> BootAsync(string name, string parameters, int memoryMegabytes = 512)
    {
        string bootId = NewBootId();
        // The machine's own address leads nowhere outside QEMU's user network; the port forwarded to it does.
        int port = LoopbackPort.Free();
        return new FleetMachine(
            await _lab.BootAsync(
                name, $"{parameters} {Parameter} phase.boot_id={bootId} phase.announce=http://127.0.0.1:{port}", memoryMegabytes,
                hostPort: port),
            bootId);
    }

    public static string NewBootId() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>A provider of the lab's release that joins by a token.</summary>
    public async Task<PlasmdProcess> StartProviderAsync(string name = "provider")
    {
        JsonNode token = await RunForJsonAsync("fleet", "token", "--name", name);
        return await _lab.StartProviderAsync(name, environment: new Dictionary<string, string>
        {
            ["PLASM_FLEET"] = string.Join(',', Silos.Select(silo => silo.Url)),
            ["PLASM_FLEET_TOKEN"] = (string)token["token"]!,
        });
    }

    /// <summary>A gateway that follows the silos, and knows what they do of releases and providers.</summary>
    public Task<GatewayProcess> StartGatewayAsync() => GatewayProcess.StartAsync(
        Silos.Where(silo => !silo.Console.HasExited).Select(silo => silo.Url), _lab.PathOf("gateway.state"), _lab.OperatorKeyId, [],
        _environment);

    /// <summary>A command of <c>plasmd</c> as the operator; it must succeed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(params string[] command)
    {
        IEnumerable<string> silos = Silos.SelectMany(silo => (string[])["--fleet", silo.Url.ToString()]);
        IReadOnlyList<OutputLine> printed = await PlasmdProcess.RunAsync([.. command, .. silos, "--key", _lab.OperatorKeyFile]);
        return string.Join('\n', printed.Select(line => line.Text));
    }

    /// <summary>The same with <c>--json</c>.</summary>
    public async Task<JsonNode> RunForJsonAsync(params string[] command) => JsonNode.Parse(await RunAsync([.. command, "--json"]))!;

    /// <summary>Runs a command again and again until its JSON is as it shall be.</summary>
    public async Task<JsonNode> WaitForAsync(Func<JsonNode, bool> isSo, params string[] command)
    {
        JsonNode? answer = null;
        await Eventually.IsAsync(async () => isSo(answer = await RunForJsonAsync(command)), $"plasmd {string.Join(' ', command)}");
        return answer!;
    }

    /// <summary>All silos and their database are gone at once, without a word.</summary>
    public async Task KillAsync()
    {
        foreach (SiloProcess silo in Silos.Where(silo => !silo.Console.HasExited))
        {
            await silo.KillAsync();
        }

        await _database.KillAsync();
    }

    public ValueTask DisposeAsync() => EndAsync(Silos, _database);

    private static async ValueTask EndAsync(IEnumerable<SiloProcess> silos, PostgresServer database)
    {
        foreach (SiloProcess silo in silos)
        {
            await silo.DisposeAsync();
        }

        await database.DisposeAsync();
    }
}

/// <summary>A machine and the boot it tells the fleet of.</summary>
public sealed record FleetMachine(QemuMachine Machine, string BootId) : IAsyncDisposable
{
    /// <summary>What its plasmd logs when the fleet has heard that the boot joined.</summary>
    private const string Joined = "FleetMember[1556]";

    /// <summary>Waits until it serves and has joined the fleet.</summary>
    public async Task<BootTimeline> FollowAsync()
    {
        BootTimeline timeline = await BootTimeline.FollowAsync(Machine);
        OutputLine joined = await Machine.WaitForAsync(Joined);
        return new BootTimeline([.. timeline.Phases, ("joined", joined.At)]);
    }

    public ValueTask DisposeAsync() => Machine.DisposeAsync();
}
