using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>A record this node answers with on one link, and when it last did so to all.</summary>
internal sealed class OwnedRecord(DnsRecord record, bool isShared)
{
    public DnsRecord Record => record;

    public bool IsShared => isShared;

    public TimeSpan? LastMulticast { get; set; }

    /// <summary>RFC 6762 section 5.4: within a quarter of its life everybody still has it, so one asker can be answered alone.</summary>
    public bool WasMulticastRecently(TimeSpan now) => LastMulticast is TimeSpan last && now - last < TimeSpan.FromSeconds(record.TtlSeconds / 4.0);

    public bool WasMulticastWithin(TimeSpan interval, TimeSpan now) => LastMulticast is TimeSpan last && now - last < interval;
}
