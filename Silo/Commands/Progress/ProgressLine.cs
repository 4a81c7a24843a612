namespace PhaseMesh.Silo.Commands.Progress;

/// <summary>
/// Shows on standard error how far a long command is. On a terminal that is one line, redrawn in place and gone at the end; elsewhere a plain
/// line every 5 s, so that what is quick says nothing. May be told from any thread.
/// </summary>
internal sealed class ProgressLine : IProgress<long>, IAsyncDisposable
{
    public static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan PlainLineEvery = TimeSpan.FromSeconds(5);

    private const string Erase = "\r\u001b[K";

    private readonly Lock _gate = new();
    private readonly CommandContext _context;
    private readonly string _what;
    private readonly ProgressUnit _unit;
    private readonly bool _draws;

    /// <summary>A plain line of it would come when it is over.</summary>
    private readonly bool _isShortWait;
    private readonly long _started;
    private readonly ITimer _timer;
    private long _done;
    private long _total;
    private bool _isDrawn;
    private bool _isOver;

    private ProgressLine(CommandContext context, string what, long total, ProgressUnit unit)
    {
        (_context, _what, _total, _unit) = (context, SingleLine.Of(what), total, unit);
        _draws = context.CanDrawOn(context.ErrorIsTerminal);
        _isShortWait = unit == ProgressUnit.Milliseconds && total < 2 * PlainLineEvery.TotalMilliseconds;
        _started = context.Time.GetTimestamp();
        _timer = context.Time.CreateTimer(_ => Show(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Draw();
        _timer.Change(Every, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Every => _draws ? RedrawEvery : PlainLineEvery;

    /// <param name="total">In the unit; 0 until it is known.</param>
    public static ProgressLine Start(CommandContext context, string what, long total, ProgressUnit unit = ProgressUnit.Bytes) =>
        new(context, what, total, unit);

    /// <summary>For a wait that lasts this long and is not told of anything.</summary>
    public static ProgressLine Wait(CommandContext context, string what, TimeSpan time) =>
        new(context, what, (long)time.TotalMilliseconds, ProgressUnit.Milliseconds);

    /// <summary>Of a file; elsewhere than on a terminal its name is printed at once.</summary>
    public static ProgressLine Hashing(CommandContext context, string name, long sizeBytes)
    {
        if (!context.CanDrawOn(context.ErrorIsTerminal))
        {
            context.Error.WriteLine($"Hashing {name} ({HumanSize.Of(sizeBytes)})");
        }

        return Start(context, $"Hashing {name}", sizeBytes);
    }

    public void Report(long value) => Interlocked.Exchange(ref _done, value);

    public void Report(long value, long total)
    {
        Interlocked.Exchange(ref _total, total);
        Report(value);
    }

    /// <summary>A line of the command's own, to either output; the progress is drawn again below it.</summary>
    public void Print(TextWriter writer, string line)
    {
        lock (_gate)
        {
            EraseLine();
            writer.WriteLine(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
            EraseLine();
        }

        await _timer.DisposeAsync();
    }

    private void Show()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            if (_draws)
            {
                Draw();
            }
            else if (!_isShortWait)
            {
                _context.Error.WriteLine(Now().Plain);
            }

            _timer.Change(Every, Timeout.InfiniteTimeSpan);
        }
    }

    private void Draw()
    {
        if (_draws && Now() is { Total: > 0 } text)
        {
            _context.Error.Write(Erase + text.Line(_context.TerminalSize().Columns));
            _context.Error.Flush();
            _isDrawn = true;
        }
    }

    private ProgressText Now()
    {
        TimeSpan elapsed = _context.Time.GetElapsedTime(_started);
        long total = Interlocked.Read(ref _total);
        long done = _unit == ProgressUnit.Milliseconds ? (long)elapsed.TotalMilliseconds : Interlocked.Read(ref _done);
        return new ProgressText(_what, Math.Clamp(done, 0, total), total, elapsed, _unit);
    }

    private void EraseLine()
    {
        if (_isDrawn)
        {
            _isDrawn = false;
            _context.Error.Write(Erase);
            _context.Error.Flush();
        }
    }
}
