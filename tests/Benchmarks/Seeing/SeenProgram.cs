using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Seeing;

/// <summary>plasmd or phase-gateway as this build made it, untrimmed, on a loopback port.</summary>
internal sealed class SeenProgram : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private SeenProgram(ChildProcess process, Uri url) => (Process, Url) = (process, url);

    public ChildProcess Process { get; }

    public Uri Url { get; }

    /// <param name="environment">Variables besides this process's; those of plasmd and the gateway are taken away first.</param>
    public static async Task<SeenProgram> StartAsync(
        string assembly, IEnumerable<string> arguments, string ready, params IEnumerable<(string Name, string Value)> environment)
    {
        int port = LoopbackPort.Free();
        Uri url = new($"http://127.0.0.1:{port}");
        ChildProcess process = ChildProcess.Start(
            assembly, "dotnet",
            [Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll"), "serve", "--bind", "127.0.0.1", "--port", $"{port}", .. arguments],
            start =>
            {
                foreach (string name in start.Environment.Keys.Where(IsOurs).ToArray())
                {
                    start.Environment.Remove(name);
                }

                foreach ((string name, string value) in environment)
                {
                    start.Environment[name] = value;
                }
            });
        await HttpProbe.WaitForOkAsync(new Uri(url, ready), Limit, process);
        return new SeenProgram(process, url);
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static bool IsOurs(string name) =>
        name.StartsWith("PLASM_", StringComparison.Ordinal) || name.StartsWith("PHASE_", StringComparison.Ordinal)
        || name.StartsWith("OTEL_", StringComparison.Ordinal);
}
