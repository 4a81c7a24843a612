using System.Text;

namespace PhaseMesh.BootAgent.Reporting;

/// <summary>
/// What the console showed, but for progress bars: of a long log its beginning, where it says what was asked for, and its end, where it says
/// what went wrong.
/// </summary>
internal sealed class BootLog
{
    /// <summary>In characters, both parts together with what is said of the gap.</summary>
    public const int MaxLength = 64 * 1024;

    private const int BeginningLength = 16 * 1024;
    private const int EndLength = MaxLength - BeginningLength - 64;
    private const int MaxLineLength = 2000;

    private readonly Lock _gate = new();
    private readonly StringBuilder _beginning = new();
    private readonly Queue<string> _end = new();
    private int _endLength;
    private int _dropped;

    public string Text
    {
        get
        {
            lock (_gate)
            {
                string gap = _dropped == 0 ? string.Empty : $"[{_dropped} lines left out]\n";
                return $"{_beginning}{gap}{string.Concat(_end)}";
            }
        }
    }

    public void Add(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            AddLine(string.Concat(line.Take(MaxLineLength).Select(c => char.IsControl(c) ? '?' : c)) + "\n");
        }
    }

    private void AddLine(string line)
    {
        lock (_gate)
        {
            if (_end.Count == 0 && _dropped == 0 && _beginning.Length + line.Length <= BeginningLength)
            {
                _beginning.Append(line);
                return;
            }

            _end.Enqueue(line);
            _endLength += line.Length;
            while (_endLength > EndLength)
            {
                _endLength -= _end.Dequeue().Length;
                _dropped++;
            }
        }
    }
}
