using System.Threading.Channels;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>A terminal in this process: the test presses keys and looks at the picture.</summary>
internal sealed class FakeTerminal : ITopTerminal
{
    private readonly Channel<ConsoleKeyInfo?> _keys = Channel.CreateUnbounded<ConsoleKeyInfo?>();
    private readonly TerminalTwin _screen = new(100, 30);

    public TerminalSize Size
    {
        get
        {
            lock (_screen)
            {
                return new TerminalSize(_screen.Columns, _screen.Rows);
            }
        }
    }

    public ChannelReader<ConsoleKeyInfo?> Keys => _keys.Reader;

    public bool IsDisposed { get; private set; }

    /// <summary>The next frame meets this.</summary>
    public Exception? Trouble { get; set; }

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

    public void Press(char key) => Press(new ConsoleKeyInfo(key, (ConsoleKey)char.ToUpperInvariant(key), false, false, false));

    public void Press(ConsoleKey key) => Press(new ConsoleKeyInfo('\0', key, false, false, false));

    public void Resize(int columns, int rows)
    {
        lock (_screen)
        {
            _screen.Resize(columns, rows);
        }

        _keys.Writer.TryWrite(null);
    }

    public void Write(string changes)
    {
        if (Trouble is { } trouble)
        {
            throw trouble;
        }

        lock (_screen)
        {
            _screen.Feed(changes);
        }
    }

    public void Dispose() => IsDisposed = true;

    private void Press(ConsoleKeyInfo key) => _keys.Writer.TryWrite(key);
}
