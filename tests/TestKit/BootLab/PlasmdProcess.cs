using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>The published <c>plasmd</c> program (the very one in the rootfs), run as a user would.</summary>
public sealed class PlasmdProcess : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(120);

    private PlasmdProcess(ChildProcess console, int port)
    {
        Console = console;
        Port = port;
    }

    public static string Program => Repository.PathOf("artifacts", "plasmd", "plasmd");

    public ChildProcess Console { get; }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}");

    public string UrlForMachines => $"http://{QemuMachine.HostAddress}:{Port}";

    /// <summary>Runs one command to its end and returns what it printed.</summary>
    public static Task<IReadOnlyList<OutputLine>> RunAsync(params string[] arguments) =>
        ChildProcess.RunAsync(Program, arguments, CommandLimit);

    /// <summary>Starts <c>plasmd serve</c> on a loopback port and waits until it is ready.</summary>
    public static async Task<PlasmdProcess> ServeAsync(
        string name, string artifacts, string state, IReadOnlyDictionary<string, string>? environment = null)
    {
        int port = LoopbackPort.Free();
        PlasmdProcess process = new(
            ChildProcess.Start(
                name,
                Program,
                [
                    "serve", "--artifacts", artifacts, "--channel", "stable", "--arch", "x86_64", "--bind", "127.0.0.1",
                    "--port", $"{port}", "--state-dir", state, "--dht-port", "0",
                ],
                start =>
                {
                    foreach ((string variable, string value) in environment ?? new Dictionary<string, string>())
                    {
                        start.Environment[variable] = value;
                    }
                }),
            port);
        await HttpProbe.WaitForOkAsync(new Uri(process.Url, "/readyz"), CommandLimit, process.Console);
        return process;
    }

    /// <summary>SIGTERM, then its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await Console.SignalAsync("TERM");
        return await Console.WaitForExitAsync(CommandLimit);
    }

    public ValueTask DisposeAsync() => Console.DisposeAsync();
}
