namespace PhaseMesh.Mdns.Messages;

/// <summary>What a message may hold at most. Anything larger is refused before memory is spent on it.</summary>
public static class MessageLimits
{
    /// <summary>Bytes of one datagram, IP and UDP headers not counted (RFC 6762 section 17 allows 9,000 with them).</summary>
    public const int MaxMessageBytes = 9000;

    public const int HeaderBytes = 12;

    /// <summary>Questions in one message; a busy host asks a few dozen at once.</summary>
    public const int MaxQuestions = 256;

    /// <summary>Records in one message, all three sections together.</summary>
    public const int MaxRecords = 512;

    /// <summary>Payload that fits one 1,500-byte Ethernet frame under IPv6 with room for an extension header.</summary>
    public const int PreferredMessageBytes = 1440;
}
