namespace PhaseMesh.Mdns;

/// <summary>Why a datagram, or a record in it, was not used.</summary>
public enum DropReason
{
    /// <summary>Over 9,000 bytes.</summary>
    TooLarge,

    /// <summary>Not a DNS message.</summary>
    Malformed,

    /// <summary>The source is in none of the link's subnets.</summary>
    OffLink,

    /// <summary>The source sent more than its share in this second.</summary>
    SourceFlood,

    /// <summary>The link carried more than its share in this second.</summary>
    LinkFlood,

    /// <summary>A response from a port other than 5353.</summary>
    ResponseFromWrongPort,

    /// <summary>A unicast response that no recent question asked for.</summary>
    UnaskedUnicast,

    /// <summary>An interface this node does not use.</summary>
    UnknownLink,

    /// <summary>Not a standard query, or a response that reports an error.</summary>
    UnsupportedCode,

    /// <summary>The table of instances is full and the source already has its fair part of it.</summary>
    InstancesFull,

    /// <summary>Too many replies are waiting for their random delay.</summary>
    RepliesFull,
}
