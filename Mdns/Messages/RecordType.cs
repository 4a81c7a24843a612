namespace PhaseMesh.Mdns.Messages;

/// <summary>DNS record types this library reads or writes by name; any other number is carried as opaque bytes.</summary>
public enum RecordType
{
    None = 0,
    A = 1,
#pragma warning disable CA1720 // The record type's own name in RFC 1035.
    Ptr = 12,
#pragma warning restore CA1720
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Nsec = 47,

    /// <summary>Only in questions: every type the name has.</summary>
    Any = 255,
}

/// <summary>DNS classes. Multicast DNS uses IN; ANY appears in questions (RFC 6762 section 18.12).</summary>
public static class RecordClass
{
    public const ushort Internet = 1;
    public const ushort Any = 255;
}
