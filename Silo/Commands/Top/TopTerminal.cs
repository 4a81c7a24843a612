using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>
/// This process's terminal, on its second screen with the cursor hidden; the first one comes back as it was when this ends, however it ends:
/// in order, by an exception, by a signal (which is passed on), or stopped by Ctrl-Z for a while. Reading keys without an echo, and ending
/// that, is .NET's part.
/// </summary>
internal sealed partial class TopTerminal : ITopTerminal
{
    /// <summary>xterm: alternate screen, hide cursor, no wrapping at the edge; and the keypad back, which .NET sets for reading keys.</summary>
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[?7l";
    private const string Leave = "\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l\u001b[?1l\u001b>";

    private readonly Lock _gate = new();
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Channel<ConsoleKeyInfo?> _keys = Channel.CreateUnbounded<ConsoleKeyInfo?>();
    private readonly List<PosixSignalRegistration> _signals = [];
    private bool _isEntered;
    private bool _isOver;

    private TopTerminal()
    {
    }

    public TerminalSize Size => TerminalSize.OfThisProcess();

    public ChannelReader<ConsoleKeyInfo?> Keys => _keys.Reader;

    public static TopTerminal Open()
    {
        TopTerminal terminal = new();
        foreach (PosixSignal ending in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
        {
            terminal._signals.Add(PosixSignalRegistration.Create(ending, _ => terminal.End()));
        }

        if (!OperatingSystem.IsWindows())
        {
            terminal._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, terminal.Stop));
            terminal._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => terminal.Redraw()));
            terminal._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => terminal._keys.Writer.TryWrite(null)));
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => terminal.End();
        terminal.Turn(isEntered: true);
        if (!Console.IsInputRedirected)
        {
            // Blocks in a read that nothing can cancel, so it ends with the process.
            new Thread(terminal.ReadKeys) { IsBackground = true, Name = "keys" }.Start();
        }

        return terminal;
    }

    public void Write(string changes)
    {
        lock (_gate)
        {
            if (_isEntered && changes.Length > 0)
            {
                Send(changes);
            }
        }
    }

    public void Dispose()
    {
        End();
        _signals.ForEach(signal => signal.Dispose());
    }

    private void End()
    {
        lock (_gate)
        {
            Turn(isEntered: false);
            _isOver = true;
        }
    }

    /// <summary>.NET leaves out the stop that is the signal's default once anybody has asked to hear of it.</summary>
    private void Stop(PosixSignalContext signal)
    {
        const int SigStop = 19;
        signal.Cancel = true;
        Turn(isEntered: false);
        if (Kill(Environment.ProcessId, SigStop) != 0)
        {
            Redraw();
        }
    }

    private void Redraw()
    {
        Turn(isEntered: true);
        _keys.Writer.TryWrite(null);
    }

    private void Turn(bool isEntered)
    {
        lock (_gate)
        {
            if (_isEntered != isEntered && !_isOver)
            {
                _isEntered = isEntered;
                Send(isEntered ? Enter : Leave);
            }
        }
    }

    private void Send(string text)
    {
        try
        {
            _output.Write(Encoding.UTF8.GetBytes(text));
            _output.Flush();
        }
        catch (IOException)
        {
            _isOver = true; // The terminal was closed; its hang-up ends the process.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);

    private void ReadKeys()
    {
        try
        {
            while (true)
            {
                _keys.Writer.TryWrite(Console.ReadKey(intercept: true));
            }
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException)
        {
            _keys.Writer.TryComplete(); // No keyboard any more: signals still end it.
        }
    }
}
