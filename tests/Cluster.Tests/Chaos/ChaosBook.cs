using System.Collections.Concurrent;

namespace PhaseMesh.Cluster.Tests.Chaos;

/// <summary>What silos promised and what the observer saw, to be held against each other.</summary>
internal sealed class ChaosBook
{
    private readonly ConcurrentQueue<(string Ledger, long Version, string Id)> _entries = [];
    private readonly ConcurrentDictionary<string, long> _tallies = [];
    private readonly ConcurrentDictionary<string, long> _unknownTallies = [];
    private readonly ConcurrentQueue<Ring> _rings = [];
    private readonly ConcurrentDictionary<(int Process, string Bell), long> _ringing = [];
    private readonly ConcurrentDictionary<string, long> _rangCounts = [];
    private readonly ConcurrentQueue<string> _faults = [];

    public int Entries => _entries.Count;

    public IReadOnlyCollection<(string Ledger, long Version, string Id)> AcknowledgedEntries => _entries;

    public IReadOnlyDictionary<string, long> AcknowledgedTallies => _tallies;

    public IReadOnlyDictionary<string, long> UnknownTallies => _unknownTallies;

    public IReadOnlyCollection<string> Faults => _faults;

    public IReadOnlyCollection<Ring> Rings => _rings;

    public void Fault(string text) => _faults.Enqueue(text);

    public long RingsOf(string bell) => _rangCounts.GetValueOrDefault(bell);

    /// <summary>A frozen or killed process does nothing more from here on, whatever it had begun.</summary>
    public void Interrupt(int process)
    {
        long now = TimeProvider.System.GetTimestamp();
        foreach ((int Process, string Bell) key in _ringing.Keys.Where(key => key.Process == process))
        {
            if (_ringing.TryRemove(key, out long begin))
            {
                _rings.Enqueue(new Ring(key.Bell, process, begin, Math.Max(begin, now)));
            }
        }
    }

    /// <returns>True for what a silo promised; other lines are for its log.</returns>
    public bool Take(int process, string run, string line)
    {
        string[] words = line.Split(' ');
        switch (words[0])
        {
            case "entry":
                _entries.Enqueue((words[1], long.Parse(words[2]), words[3]));
                return true;
            case "tally":
                _tallies.AddOrUpdate(words[2], 1, (_, count) => count + 1);
                return true;
            case "unknown":
                _unknownTallies.AddOrUpdate(run, 1, (_, count) => count + 1);
                return true;
            case "ring-begin":
                _ringing[(process, words[1])] = long.Parse(words[2]);
                return true;
            case "ring-end":
                _rangCounts.AddOrUpdate(words[1], 1, (_, count) => count + 1);
                if (_ringing.TryRemove((process, words[1]), out long begin))
                {
                    _rings.Enqueue(new Ring(words[1], process, begin, long.Parse(words[2])));
                }

                return true;
            case "fault" or "hang":
                Fault($"{run}: {line}");
                return false;
            default:
                return false;
        }
    }

    /// <param name="Bell">Whose reminder.</param>
    /// <param name="Process">Which process ran it.</param>
    /// <param name="Begin">Timestamp.</param>
    /// <param name="End">Timestamp; where it was interrupted, of that.</param>
    internal sealed record Ring(string Bell, int Process, long Begin, long End);
}
