using System.Text.Json.Nodes;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// The published <c>phase-gateway</c>, before the silos of a <see cref="FleetLab"/> or before providers. Needs <c>make image</c>.
/// </summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private GatewayProcess(ChildProcess console, int port) => (Console, Port) = (console, port);

    public static string Program => Repository.PathOf("artifacts", "gateway", "phase-gateway");

    public ChildProcess Console { get; }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}");

    public string UrlForMachines => $"http://{QemuMachine.HostAddress}:{Port}";

    /// <summary>Starts it on a loopback port and waits until it knows a release.</summary>
    /// <param name="silos">Whom it asks for channels and providers.</param>
    /// <param name="state">Its state directory.</param>
    /// <param name="operatorKeyId">Whose signatures on releases count.</param>
    /// <param name="providers">Whom it asks itself what they serve.</param>
    public static Task<GatewayProcess> StartAsync(
        IEnumerable<Uri> silos, string state, string operatorKeyId, params IEnumerable<Uri> providers) =>
        StartAsync(silos, state, operatorKeyId, providers, []);

    /// <inheritdoc cref="StartAsync(IEnumerable{Uri}, string, string, IEnumerable{Uri})"/>
    /// <param name="silos">Whom it asks for channels and providers.</param>
    /// <param name="state">Its state directory.</param>
    /// <param name="operatorKeyId">Whose signatures on releases count.</param>
    /// <param name="providers">Whom it asks itself what they serve.</param>
    /// <param name="environment">Settings besides.</param>
    public static async Task<GatewayProcess> StartAsync(
        IEnumerable<Uri> silos, string state, string operatorKeyId, IEnumerable<Uri> providers,
        IEnumerable<(string Variable, string Value)> environment)
    {
        int port = LoopbackPort.Free();
        GatewayProcess gateway = new(
            ChildProcess.Start(
                "phase-gateway",
                Program,
                [
                    "serve", "--bind", "127.0.0.1", "--port", $"{port}", "--state-dir", state, "--trust", operatorKeyId,
                    .. silos.SelectMany(silo => (string[])["--silo", silo.ToString()]),
                    .. providers.SelectMany(provider => (string[])["--provider", provider.ToString()]),
                ],
                start =>
                {
                    foreach ((string variable, string value) in environment)
                    {
                        start.Environment[variable] = value;
                    }
                }),
            port);
        await HttpProbe.WaitForOkAsync(new Uri(gateway.Url, "/readyz"), Limit, gateway.Console);
        return gateway;
    }

    /// <summary>What <c>plasmd route explain</c> prints.</summary>
    public async Task<string> ExplainAsync(string path, params string[] options)
    {
        IReadOnlyList<OutputLine> printed = await PlasmdProcess.RunAsync(["route", "explain", path, "--gateway", $"{Url}", .. options]);
        return string.Join('\n', printed.Select(line => line.Text));
    }

    /// <summary>Bytes that each provider has sent to the gateway, by its URL.</summary>
    public async Task<IReadOnlyDictionary<string, long>> SentBytesAsync()
    {
        JsonNode route = JsonNode.Parse(await ExplainAsync("/rootfs", "--json"))!;
        return route["candidates"]!.AsArray().ToDictionary(each => (string)each!["base_url"]!, each => (long)each!["sent_bytes"]!);
    }

    /// <summary>SIGKILL: what it has in memory is gone.</summary>
    public async Task KillAsync()
    {
        await Console.SignalAsync("KILL");
        await Console.WaitForExitAsync(Limit);
    }

    public ValueTask DisposeAsync() => Console.DisposeAsync();
}
