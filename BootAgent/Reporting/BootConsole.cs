namespace PhaseMesh.BootAgent.Reporting;

/// <summary>
/// What the person at the console reads. On a terminal the progress line is redrawn in place, at most four times a second (a 115200
/// baud line carries about 100 such lines a second, shared with the kernel's); elsewhere it is a plain line every two seconds.
/// Safe to call from several tasks at once.
/// </summary>
internal sealed class BootConsole(TextWriter output, TimeProvider time, bool isTerminal, bool debug)
{
    private const string Rule = "==========================================";
    private readonly Lock _gate = new();
    private readonly long _started = time.GetTimestamp();
    private bool _isBroken;
    private int _drawn;

    public TimeProvider Time => time;

    /// <summary>The lines written so far.</summary>
    public BootLog Log { get; } = new();

    public bool ShowsDebug => debug;

    public TimeSpan ProgressInterval => TimeSpan.FromMilliseconds(isTerminal ? 250 : 2000);

    public void Line(string text = "")
    {
        Log.Add(text);
        lock (_gate)
        {
            Write(Erased() + text + "\n");
        }
    }

    public void Banner(string title)
    {
        Line();
        Line(Rule);
        Line("  " + title);
        Line(Rule);
        Line();
    }

    public void Step(int number, int count, string what) => Line($"[{number}/{count}] {what}...");

    public void Ok(string text) => Line("  OK: " + text);

    public void Detail(string text) => Line("  " + text);

    public void Warn(string text) => Line("  WARNING: " + text);

    public void Failed(string text) => Line("phase: FAILED: " + text);

    public void Debug(string text)
    {
        if (debug)
        {
            Line($"  [{time.GetElapsedTime(_started).TotalSeconds,7:0.000}] {text}");
        }
    }

    /// <summary>Draws the line over the one before it; the next ordinary line takes its place.</summary>
    public void Progress(string text)
    {
        lock (_gate)
        {
            if (isTerminal)
            {
                Write("\r" + text.PadRight(_drawn));
                _drawn = text.Length;
            }
            else
            {
                Write(text + "\n");
            }
        }
    }

    /// <summary>The progress line stays as it is, and what follows begins on the next one.</summary>
    public void EndProgress()
    {
        lock (_gate)
        {
            if (_drawn > 0)
            {
                _drawn = 0;
                Write("\n");
            }
        }
    }

    private string Erased()
    {
        if (_drawn == 0)
        {
            return string.Empty;
        }

        string erase = "\r" + new string(' ', _drawn) + "\r";
        _drawn = 0;
        return erase;
    }

    private void Write(string text)
    {
        if (_isBroken)
        {
            return;
        }

        try
        {
            output.Write(text);
            output.Flush();
        }
        catch (IOException)
        {
            // The reader of our output is gone (a closed pipe, a console that hung up). A machine must boot all the same.
            _isBroken = true;
        }
    }
}
