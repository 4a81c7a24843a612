using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>A program that a test of the LAN started: with a limit for every wait, and asked to end before it is made to.</summary>
internal sealed class ToolProcess : IAsyncDisposable
{
    /// <summary>Generous: the machine may be busy with other suites.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LeavingTime = TimeSpan.FromMilliseconds(500);
    private readonly ChildProcess _process;

    private ToolProcess(ChildProcess process) => _process = process;

    public int ProcessId => _process.Id;

    public IReadOnlyList<string> Lines => [.. _process.Lines.Select(static line => line.Text)];

    public static ToolProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        new(ChildProcess.Start(Path.GetFileName(program), program, arguments, start =>
        {
            foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            {
                start.Environment[name] = value;
            }
        }));

    /// <summary>Runs to the end; fails the test when it does not end well.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(string program, params string[] arguments) =>
        [.. (await ChildProcess.RunAsync(program, arguments, Patience)).Select(static line => line.Text)];

    public Task<int> ExitAsync() => _process.WaitForExitAsync(Patience);

    public void WriteLine(params string[] fields)
    {
        _process.StandardInput.WriteLine(string.Join('\t', fields));
        _process.StandardInput.Flush();
    }

    /// <summary>The first line, from <paramref name="from"/> on, that fits; fails the test with the last lines when none comes.</summary>
    public async Task<string> WaitForAsync(Predicate<string> isWanted, string what, int from = 0) =>
        (await _process.WaitForLineAsync(line => isWanted(line), what, Patience, from)).Text;

    /// <summary>Asks it to end, as a service manager would, and waits.</summary>
    public async Task TerminateAsync()
    {
        if (!_process.HasExited)
        {
            await _process.SignalAsync("TERM");
            await ExitAsync();
        }
    }

    public long ResidentKilobytes() => long.Parse(
        File.ReadLines($"/proc/{ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            try
            {
                await _process.WaitForExitAsync(LeavingTime);
            }
            catch (TimeoutException)
            {
                // Daemons do not watch their stdin.
            }
        }
        await _process.DisposeAsync();
    }
}
