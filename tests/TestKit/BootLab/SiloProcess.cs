using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>A silo: the whole <c>plasmd</c> on a database, serving the fleet's API and no artifacts. Needs <c>make image</c>.</summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private SiloProcess(ChildProcess console, int port) => (Console, Port) = (console, port);

    public static string Program => Repository.PathOf("artifacts", "silo", "plasmd");

    public ChildProcess Console { get; }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}");

    public string UrlForMachines => $"http://{QemuMachine.HostAddress}:{Port}";

    /// <summary>Starts it on a loopback port and waits until it answers for the cluster.</summary>
    /// <param name="name">Its name in the cluster, and what failures call it.</param>
    /// <param name="database">What <c>--cluster-database</c> takes.</param>
    /// <param name="state">Its state directory.</param>
    /// <param name="operatorKeyId">Who may operate the fleet, and whose signatures on releases count.</param>
    /// <param name="assembly">A plasmd.dll to run instead of the published program.</param>
    /// <param name="environment">Settings besides.</param>
    public static async Task<SiloProcess> StartAsync(
        string name, string database, string state, string operatorKeyId, string? assembly = null,
        params IEnumerable<(string Variable, string Value)> environment)
    {
        int port = LoopbackPort.Free();
        SiloProcess silo = new(
            ChildProcess.Start(
                name,
                assembly is null ? Program : "dotnet",
                [
                    .. assembly is null ? (string[])[] : [assembly],
                    "serve", "--cluster-database", database, "--silo-name", name, "--bind", "127.0.0.1", "--port", $"{port}",
                    "--state-dir", state, "--dht-port", "0", "--trust", operatorKeyId,
                ],
                start =>
                {
                    start.Environment["PLASM_OPERATOR_KEYS"] = operatorKeyId;
                    foreach ((string variable, string value) in environment)
                    {
                        start.Environment[variable] = value;
                    }
                }),
            port);
        await HttpProbe.WaitForOkAsync(new Uri(silo.Url, "/v1/cluster"), Limit, silo.Console);
        return silo;
    }

    /// <summary>SIGKILL: no goodbye to the cluster or to anybody connected.</summary>
    public async Task KillAsync()
    {
        await Console.SignalAsync("KILL");
        await Console.WaitForExitAsync(Limit);
    }

    public ValueTask DisposeAsync() => Console.DisposeAsync();
}
