using System.Net;
using PhaseMesh.Mdns.Engine;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Browsing;

/// <summary>One record as heard on one link.</summary>
internal sealed class CacheEntry(DnsRecord record, IPAddress source)
{
    public DnsRecord Record { get; set; } = record;

    /// <summary>Who said it first; full tables are shared out by source.</summary>
    public IPAddress Source => source;

    public TimeSpan ReceivedAt { get; set; }

    public TimeSpan ExpiresAt { get; set; }

    public ScheduledAction? Step { get; set; }

    public uint RemainingSeconds(TimeSpan now) => (uint)Math.Max(0, (ExpiresAt - now).TotalSeconds);
}
