namespace PhaseMesh.Mdns.Messages;

/// <summary>One resource record.</summary>
/// <param name="TtlSeconds">How long it may be believed; 0 says goodbye (RFC 6762 section 10.1).</param>
/// <param name="CacheFlush">The top bit of the class: this and its siblings of the last second are the whole set (section 10.2).</param>
public sealed record DnsRecord(DnsName Name, RecordData Data, uint TtlSeconds, bool CacheFlush = false, ushort Class = RecordClass.Internet)
{
    public RecordType Type => Data.Type;

    /// <summary>Same name, class and data; life time and cache-flush bit set aside.</summary>
    public bool SameAs(DnsRecord other) => Class == other.Class && Name.Equals(other.Name) && Data.Equals(other.Data);

    public override string ToString() => $"{Name} {TtlSeconds}s {Data}";
}

/// <summary>One question. <paramref name="UnicastResponse"/> is the "QU" bit (RFC 6762 section 5.4).</summary>
public sealed record DnsQuestion(DnsName Name, RecordType Type, bool UnicastResponse = false, ushort Class = RecordClass.Internet)
{
    /// <summary>True when a record of this type and class, under the same name, answers the question.</summary>
    public bool Covers(RecordType type, ushort recordClass) =>
        (Type == RecordType.Any || Type == type) && (Class == RecordClass.Any || Class == recordClass);
}

/// <summary>A DNS message. Header bits that multicast DNS ignores (RFC 6762 section 18) are not kept.</summary>
public sealed class DnsMessage
{
    /// <summary>Zero except in legacy unicast exchanges.</summary>
    public ushort Id { get; init; }

    public bool IsResponse { get; init; }

    /// <summary>In a query: more known answers follow in another packet (RFC 6762 section 7.2).</summary>
    public bool IsTruncated { get; init; }

    /// <summary>0 is a standard query; messages with any other are ignored (section 18.3).</summary>
    public byte OpCode { get; init; }

    /// <summary>Messages with a non-zero code are ignored (section 18.11).</summary>
    public byte ResponseCode { get; init; }

    public IReadOnlyList<DnsQuestion> Questions { get; init; } = [];

    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    public IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    public IReadOnlyList<DnsRecord> Additionals { get; init; } = [];
}
