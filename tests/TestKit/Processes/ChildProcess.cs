using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace PhaseMesh.TestKit.Processes;

/// <summary>
/// A real process with its standard output and error read line by line, so that a test waits for what is printed and
/// never sleeps. Disposing it kills it (by its id) and its children; so does the end of this process.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<ChildProcess, bool> Running = [];

    private readonly Process _process;
    private readonly Func<string, bool>? _takes;
    private readonly Lock _gate = new();
    private readonly List<OutputLine> _lines = [];
    private readonly List<(Func<string, bool> Matches, TaskCompletionSource<OutputLine> Found)> _waiters = [];
    private readonly long _started;
    private readonly Task _readers;

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (ChildProcess child in Running.Keys)
        {
            child.Kill();
        }
    };

    private ChildProcess(string name, ProcessStartInfo start, Func<string, bool>? takes)
    {
        (Name, _takes) = (name, takes);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.UseShellExecute = false;
        _started = TimeProvider.System.GetTimestamp();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        Running[this] = true;
        _readers = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything printed so far.</summary>
    public IReadOnlyList<OutputLine> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public StreamWriter StandardInput => _process.StandardInput;

    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_started);

    /// <param name="name">What failures call it.</param>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="configure">Environment, working directory.</param>
    /// <param name="takes">Sees each line first; a line it returns true for is not kept. For processes that print very much.</param>
    public static ChildProcess Start(
        string name, string fileName, IEnumerable<string> arguments, Action<ProcessStartInfo>? configure = null,
        Func<string, bool>? takes = null)
    {
        ProcessStartInfo start = new(fileName, arguments);
        configure?.Invoke(start);
        return new ChildProcess(name, start, takes);
    }

    /// <summary>Runs a program to its end; a non-zero exit code throws with what it printed.</summary>
    public static async Task<IReadOnlyList<OutputLine>> RunAsync(
        string fileName, IEnumerable<string> arguments, TimeSpan limit, Action<ProcessStartInfo>? configure = null)
    {
        await using ChildProcess process = Start(Path.GetFileName(fileName), fileName, arguments, configure);
        int exitCode = await process.WaitForExitAsync(limit);
        return exitCode == 0
            ? process.Lines
            : throw new InvalidOperationException($"{fileName} ended with exit code {exitCode}.{process.Tail()}");
    }

    /// <summary>The first line, printed already or yet to come, that contains <paramref name="text"/>.</summary>
    /// <exception cref="TimeoutException">No such line within <paramref name="limit"/>; the message holds the last lines.</exception>
    /// <exception cref="InvalidOperationException">The process ended without printing it.</exception>
    public Task<OutputLine> WaitForLineAsync(string text, TimeSpan limit) =>
        WaitForLineAsync(line => line.Contains(text, StringComparison.Ordinal), $"'{text}'", limit);

    /// <inheritdoc cref="WaitForLineAsync(string, TimeSpan)"/>
    /// <param name="matches">Which line.</param>
    /// <param name="description">What failures call it.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="from">How many of the first lines are not looked at.</param>
    public async Task<OutputLine> WaitForLineAsync(Func<string, bool> matches, string description, TimeSpan limit, int from = 0)
    {
        TaskCompletionSource<OutputLine> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_lines.FindIndex(Math.Min(from, _lines.Count), line => matches(line.Text)) is int at and >= 0)
            {
                return _lines[at];
            }

            _waiters.Add((matches, found));
        }

        using CancellationTokenSource stop = new();
        Task timeOut = Task.Delay(limit, TimeProvider.System, stop.Token);
        Task first = await Task.WhenAny(found.Task, _readers, timeOut);
        await stop.CancelAsync();
        if (found.Task.IsCompletedSuccessfully)
        {
            return await found.Task;
        }

        throw first == timeOut
            ? new TimeoutException($"{Name} did not print {description} within {limit.TotalSeconds} s.{Tail()}")
            : new InvalidOperationException($"{Name} ended without printing {description}.{Tail()}");
    }

    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using CancellationTokenSource stop = new(limit);
        try
        {
            await _process.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new TimeoutException($"{Name} did not end within {limit.TotalSeconds} s.{Tail()}");
        }

        await _readers;
        return _process.ExitCode;
    }

    /// <summary>Sends a signal such as <c>TERM</c> or <c>STOP</c> to the process, by its id.</summary>
    public Task SignalAsync(string signal) => RunAsync("kill", [$"-{signal}", $"{Id}"], TimeSpan.FromSeconds(30));

    /// <summary>The last lines, for a failure message.</summary>
    public string Tail(int lineCount = 40) =>
        Environment.NewLine + $"--- last lines of {Name} ---" + Environment.NewLine
        + string.Join(Environment.NewLine, Lines.TakeLast(lineCount).Select(line => $"[{line.At.TotalSeconds,6:0.0}] {line.Text}"));

    public async ValueTask DisposeAsync()
    {
        if (!Running.TryRemove(this, out _))
        {
            return;
        }

        Kill();
        await _process.WaitForExitAsync();
        await _readers;
        _process.Dispose();
    }

    private void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        StringBuilder line = new();
        char[] buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            foreach (char character in buffer.AsSpan(0, count))
            {
                if (character is '\n' or '\r')
                {
                    Add(line);
                }
                else
                {
                    line.Append(character);
                }
            }
        }

        Add(line);
    }

    private void Add(StringBuilder line)
    {
        if (line.Length == 0)
        {
            return;
        }

        OutputLine added = new(Elapsed, line.ToString());
        line.Clear();
        if (_takes?.Invoke(added.Text) == true)
        {
            return;
        }

        lock (_gate)
        {
            _lines.Add(added);
            for (int index = _waiters.Count - 1; index >= 0; index--)
            {
                if (_waiters[index].Matches(added.Text))
                {
                    _waiters[index].Found.TrySetResult(added);
                    _waiters.RemoveAt(index);
                }
            }
        }
    }
}
