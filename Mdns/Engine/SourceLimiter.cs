using System.Net;

namespace PhaseMesh.Mdns.Engine;

/// <summary>
/// Counts datagrams per second, per source and for the whole link. Both windows start over each second, so memory is bounded by one
/// second of distinct sources.
/// </summary>
internal sealed class SourceLimiter(int maxPerSource, int maxPerLink)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private readonly Dictionary<IPAddress, int> _counts = [];
    private TimeSpan _windowStart;
    private int _total;

    public DropReason? Admit(IPAddress source, TimeSpan now)
    {
        if (now - _windowStart >= Window)
        {
            _windowStart = now;
            _total = 0;
            _counts.Clear();
        }

        // The source's own limit comes first: what it sends beyond that must not use up the link's.
        int count = _counts.GetValueOrDefault(source) + 1;
        if (count > maxPerSource)
        {
            return DropReason.SourceFlood;
        }

        if (_total >= maxPerLink)
        {
            return DropReason.LinkFlood;
        }

        _total++;
        _counts[source] = count;
        return null;
    }
}
