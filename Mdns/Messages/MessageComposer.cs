namespace PhaseMesh.Mdns.Messages;

/// <summary>Lays records out in as many packets as they need, each one frame long unless a single record is longer.</summary>
internal static class MessageComposer
{
    /// <summary>
    /// A multicast response. Additional records ride along where there is room; who needs one that did not fit asks for it.
    /// </summary>
    public static List<ReadOnlyMemory<byte>> Response(IEnumerable<DnsRecord> answers, IEnumerable<DnsRecord> additionals)
    {
        List<ReadOnlyMemory<byte>> packets = [];
        var writer = new MessageWriter(MessageLimits.PreferredMessageBytes);
        foreach (DnsRecord answer in answers)
        {
            if (!writer.TryAdd(MessageSection.Answer, answer))
            {
                writer = NextPacket(packets, writer, isResponse: true, isTruncated: false);
                AddToEmpty(ref writer, answer);
            }
        }

        if (writer.IsEmpty && packets.Count == 0)
        {
            return packets;
        }

        foreach (DnsRecord additional in additionals)
        {
            writer.TryAdd(MessageSection.Additional, additional);
        }

        packets.Add(writer.Finish(id: 0, isResponse: true, isTruncated: false));
        return packets;
    }

    /// <summary>
    /// A query with its known answers; those that do not fit follow in packets of their own, announced by the TC bit (RFC 6762
    /// section 7.2).
    /// </summary>
    public static List<ReadOnlyMemory<byte>> Query(IEnumerable<DnsQuestion> questions, IEnumerable<DnsRecord> knownAnswers)
    {
        List<ReadOnlyMemory<byte>> packets = [];
        var writer = new MessageWriter(MessageLimits.PreferredMessageBytes);
        foreach (DnsQuestion question in questions)
        {
            if (!writer.TryAdd(question))
            {
                writer = NextPacket(packets, writer, isResponse: false, isTruncated: false);
                writer.TryAdd(question);
            }
        }

        foreach (DnsRecord answer in knownAnswers)
        {
            if (!writer.TryAdd(MessageSection.Answer, answer))
            {
                writer = NextPacket(packets, writer, isResponse: false, isTruncated: true);
                AddToEmpty(ref writer, answer);
            }
        }

        if (!writer.IsEmpty)
        {
            packets.Add(writer.Finish(id: 0, isResponse: false, isTruncated: false));
        }

        return packets;
    }

    /// <summary>A probe: one question and the records its sender wants, together in one packet (section 8.2).</summary>
    public static List<ReadOnlyMemory<byte>> Probe(IEnumerable<(DnsQuestion Question, IReadOnlyList<DnsRecord> Proposed)> claims)
    {
        List<ReadOnlyMemory<byte>> packets = [];
        List<(DnsQuestion Question, IReadOnlyList<DnsRecord> Proposed)> batch = [];
        foreach ((DnsQuestion Question, IReadOnlyList<DnsRecord> Proposed) claim in claims)
        {
            batch.Add(claim);
            if (TryWriteProbe(batch, MessageLimits.PreferredMessageBytes, out _))
            {
                continue;
            }

            batch.RemoveAt(batch.Count - 1);
            CloseBatch();
            batch.Add(claim);
        }

        CloseBatch();
        return packets;

        void CloseBatch()
        {
            if (batch.Count > 0 && (TryWriteProbe(batch, MessageLimits.PreferredMessageBytes, out ReadOnlyMemory<byte> packet)
                || TryWriteProbe(batch, MessageLimits.MaxMessageBytes, out packet)))
            {
                packets.Add(packet);
            }

            batch.Clear();
        }
    }

    /// <summary>
    /// A reply to a resolver that is not multicast-aware: its id and question repeated, life times capped, no cache-flush bit
    /// (section 6.7). One packet, marked truncated when something was left out.
    /// </summary>
    public static ReadOnlyMemory<byte> LegacyResponse(
        ushort id, IEnumerable<DnsQuestion> questions, IEnumerable<DnsRecord> answers, IEnumerable<DnsRecord> additionals)
    {
        const uint MaxLegacyTtlSeconds = 10;
        var writer = new MessageWriter(MessageLimits.PreferredMessageBytes, compressServiceTarget: false);
        bool isComplete = true;
        foreach (DnsQuestion question in questions)
        {
            isComplete &= writer.TryAdd(question with { UnicastResponse = false });
        }

        foreach (DnsRecord answer in answers)
        {
            isComplete &= writer.TryAdd(MessageSection.Answer, ForLegacy(answer));
        }

        foreach (DnsRecord additional in additionals)
        {
            writer.TryAdd(MessageSection.Additional, ForLegacy(additional));
        }

        return writer.Finish(id, isResponse: true, isTruncated: !isComplete);

        static DnsRecord ForLegacy(DnsRecord record) =>
            record with { CacheFlush = false, TtlSeconds = Math.Min(record.TtlSeconds, MaxLegacyTtlSeconds) };
    }

    private static MessageWriter NextPacket(List<ReadOnlyMemory<byte>> packets, MessageWriter writer, bool isResponse, bool isTruncated)
    {
        if (!writer.IsEmpty)
        {
            packets.Add(writer.Finish(id: 0, isResponse, isTruncated));
        }

        return new MessageWriter(MessageLimits.PreferredMessageBytes);
    }

    private static void AddToEmpty(ref MessageWriter writer, DnsRecord record)
    {
        if (!writer.TryAdd(MessageSection.Answer, record))
        {
            writer = new MessageWriter(MessageLimits.MaxMessageBytes);
            writer.TryAdd(MessageSection.Answer, record);
        }
    }

    private static bool TryWriteProbe(
        List<(DnsQuestion Question, IReadOnlyList<DnsRecord> Proposed)> claims, int maxBytes, out ReadOnlyMemory<byte> packet)
    {
        var writer = new MessageWriter(maxBytes);
        bool fits = claims.TrueForAll(claim => writer.TryAdd(claim.Question))
            && claims.TrueForAll(claim => claim.Proposed.All(record => writer.TryAdd(MessageSection.Authority, record)));
        packet = fits ? writer.Finish(id: 0, isResponse: false, isTruncated: false) : default;
        return fits;
    }
}
