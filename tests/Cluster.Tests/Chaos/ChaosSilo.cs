using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Cluster.Tests.Chaos;

/// <summary>One silo's place: a process of tests/Cluster.Node, and the next one after it died.</summary>
internal sealed class ChaosSilo(string storage, string name, int callers, TimeSpan pause, ChaosBook book) : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string Program = Path.Combine(
        AppContext.BaseDirectory.Replace("Cluster.Tests", "Cluster.Node", StringComparison.Ordinal), "PhaseMesh.Cluster.Node.dll");

    private readonly List<ChildProcess> _old = [];
    private ChildProcess? _process;

    public string Name => name;

    /// <summary>Names and process ids of those that ended without saying how much they did.</summary>
    public HashSet<string> KilledRuns { get; } = [];

    public string Run => $"{name}-{Process.Id}";

    private ChildProcess Process => _process ?? throw new InvalidOperationException($"{name} isn't running.");

    public void Start()
    {
        int process = 0;
        TaskCompletionSource<int> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = ChildProcess.Start(
            name, "dotnet", [Program, storage, name, $"{callers}", $"{pause.TotalMilliseconds:0}"],
            takes: line => book.Take(process == 0 ? process = started.Task.GetAwaiter().GetResult() : process, $"{name}-{process}", line));
        started.SetResult(_process.Id);
    }

    public Task WaitUntilReadyAsync() => Process.WaitForLineAsync("ready ", Limit);

    public async Task SetBellsAsync()
    {
        await SayAsync("bells");
        await Process.WaitForLineAsync("bells are set", Limit);
    }

    public async Task KillAsync()
    {
        KilledRuns.Add(Run);
        await Process.SignalAsync("KILL");
        await EndAsync();
    }

    /// <summary>A silo that is only just starting hears it later.</summary>
    public async Task LeaveAsync()
    {
        KilledRuns.Add(Run);
        await SayAsync("leave");
        await EndAsync();
    }

    public async Task FreezeAsync()
    {
        await Process.SignalAsync("STOP");
        book.Interrupt(Process.Id);
    }

    public Task ThawAsync() => Process.SignalAsync("CONT");

    /// <returns>What it says of its calls.</returns>
    public async Task<string> StopCallersAsync()
    {
        await SayAsync("stop");
        return $"{name}: {(await Process.WaitForLineAsync("stopped ", Limit)).Text}";
    }

    /// <returns>Managed bytes, resident bytes, open files, threads.</returns>
    public async Task<long[]> GaugeAsync()
    {
        int before = Process.Lines.Count(line => line.Text.StartsWith("gauge ", StringComparison.Ordinal));
        await SayAsync("gauge");
        string[] found = [];
        await Eventually.IsAsync(() =>
        {
            found = [.. Process.Lines.Select(line => line.Text).Where(line => line.StartsWith("gauge ", StringComparison.Ordinal))];
            return Task.FromResult(found.Length > before);
        });
        return [.. found[^1].Split(' ').Skip(1).Select(long.Parse)];
    }

    public string Tail() => _process?.Tail(10) ?? "";

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess process in _old)
        {
            await process.DisposeAsync();
        }

        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private async Task SayAsync(string word)
    {
        await Process.StandardInput.WriteLineAsync(word);
        await Process.StandardInput.FlushAsync();
    }

    private async Task EndAsync()
    {
        int exitCode = await Process.WaitForExitAsync(Limit);
        book.Interrupt(Process.Id);
        if (exitCode is not (0 or 137))
        {
            book.Fault($"{Run} ended with exit code {exitCode}.{Process.Tail()}");
        }

        _old.Add(Process);
        _process = null;
    }
}
