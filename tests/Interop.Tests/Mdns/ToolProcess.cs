using System.Diagnostics;

namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>A program started by a test, its output line by line. Ended by its own process id, never by name.</summary>
internal sealed class ToolProcess : IAsyncDisposable
{
    /// <summary>Generous: the machine may be busy with other suites.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly Task _reading;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ToolProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    public int ProcessId => _process.Id;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public static ToolProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ToolProcess(Process.Start(start)!);
    }

    /// <summary>Runs to the end; fails the test when it does not end well.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(string program, params string[] arguments)
    {
        await using ToolProcess tool = Start(program, arguments);
        int code = await tool.ExitAsync();
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}: {string.Join(" | ", tool.Lines)}");
        return tool.Lines;
    }

    public async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        await _reading;
        return _process.ExitCode;
    }

    public void WriteLine(params string[] fields)
    {
        _process.StandardInput.WriteLine(string.Join('\t', fields));
        _process.StandardInput.Flush();
    }

    /// <summary>The first line, from <paramref name="from"/> on, that fits; fails the test with all output when none comes.</summary>
    public async Task<string> WaitForAsync(Predicate<string> isWanted, string what, int from = 0)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            Task grown;
            lock (_gate)
            {
                if (_lines.FindIndex(Math.Min(from, _lines.Count), isWanted) is int at and >= 0)
                {
                    return _lines[at];
                }

                grown = _grown.Task;
            }

            try
            {
                await Task.WhenAny(grown, _reading).WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                Assert.Fail($"No {what} from process {ProcessId} in {Patience.TotalSeconds} s. It said:\n{string.Join('\n', Lines)}");
            }

            if (!grown.IsCompleted)
            {
                Assert.Fail($"No {what} from process {ProcessId}, which has ended. It said:\n{string.Join('\n', Lines)}");
            }
        }
    }

    /// <summary>Asks it to end, as a service manager would, and waits.</summary>
    public async Task TerminateAsync()
    {
        if (!_process.HasExited)
        {
            await RunAsync("kill", "-TERM", $"{ProcessId}");
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
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                // Daemons do not watch their stdin.
                _process.Kill();
                await _process.WaitForExitAsync();
            }
        }

        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is string line)
        {
            TaskCompletionSource grown;
            lock (_gate)
            {
                _lines.Add(line);
                grown = _grown;
                _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            grown.SetResult();
        }
    }
}
