using System.Diagnostics;
using System.Text;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>A shell command in a real pseudo-terminal, made by <c>script</c> of util-linux; what it draws is seen on a twin.</summary>
internal sealed class PseudoTerminal : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly TerminalTwin _screen;
    private readonly StringBuilder _all = new();

    private PseudoTerminal(Process process, TerminalTwin screen)
    {
        (_process, _screen) = (process, screen);
        _reading = ReadAsync();
    }

    public string Text
    {
        get
        {
            lock (_screen)
            {
                return _screen.Text;
            }
        }
    }

    public bool IsAlternate
    {
        get
        {
            lock (_screen)
            {
                return _screen.IsAlternate;
            }
        }
    }

    public bool HasCursor
    {
        get
        {
            lock (_screen)
            {
                return _screen.HasCursor;
            }
        }
    }

    public bool HasExited => _process.HasExited;

    public static PseudoTerminal Start(string command, int columns, int rows)
    {
        // Whoever runs the tests may have his signals ignored, as nohup has; a terminal's programs have not.
        string[] script = ["script", "-q", "-e", "-c", $"stty cols {columns} rows {rows}; {command}", "/dev/null"];
        ProcessStartInfo start = new("env", ["--default-signal", .. script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment.Remove("NO_COLOR");
        return new PseudoTerminal(Process.Start(start)!, new TerminalTwin(columns, rows));
    }

    public async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>As a window manager does: the foreground processes get SIGWINCH.</summary>
    public async Task ResizeAsync(string device, int columns, int rows)
    {
        lock (_screen)
        {
            _screen.Resize(columns, rows);
        }

        await ChildProcess.RunAsync("stty", ["-F", device, "cols", $"{columns}", "rows", $"{rows}"], PlasmdProcess.Limit);
    }

    public Task ShowsAsync(string text) =>
        Eventually.IsAsync(() => Text.Contains(text, StringComparison.Ordinal) || Failed(text), $"'{text}' in the terminal");

    public async Task<int> WaitForExitAsync()
    {
        using CancellationTokenSource limit = new(PlasmdProcess.Limit);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private bool Failed(string text) => _process.HasExited && !Text.Contains(text, StringComparison.Ordinal)
        ? throw new InvalidOperationException($"It ended without '{text}':\n{Text}\n{_all}")
        : false;

    private async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        int count;
        while ((count = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            lock (_screen)
            {
                _all.Append(buffer, 0, count);
                _screen.Feed(new string(buffer, 0, count));
            }
        }
    }
}
