using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Responding;

/// <summary>Two hosts probe for one name at once: the lexicographically later set of records wins (RFC 6762 section 8.2).</summary>
internal static class ProbeTieBreak
{
    /// <summary>Negative: ours loses. Zero: both want the same records, no conflict. Positive: ours wins.</summary>
    public static int Compare(IEnumerable<DnsRecord> ours, IEnumerable<DnsRecord> theirs)
    {
        List<DnsRecord> mine = Sort(ours);
        List<DnsRecord> others = Sort(theirs);
        for (int i = 0; i < mine.Count && i < others.Count; i++)
        {
            int order = CompareRecords(mine[i], others[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return mine.Count.CompareTo(others.Count);
    }

    private static List<DnsRecord> Sort(IEnumerable<DnsRecord> records)
    {
        List<DnsRecord> sorted = [.. records];
        sorted.Sort(CompareRecords);
        return sorted;
    }

    // Class without the cache-flush bit, then type, then raw uncompressed data as unsigned bytes.
    private static int CompareRecords(DnsRecord left, DnsRecord right)
    {
        int order = left.Class.CompareTo(right.Class);
        order = order != 0 ? order : left.Type.CompareTo(right.Type);
        return order != 0 ? order : left.Data.ToUncompressed().AsSpan().SequenceCompareTo(right.Data.ToUncompressed());
    }
}
