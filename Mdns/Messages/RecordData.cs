using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Mdns.Messages;

/// <summary>The typed content of a record. Equality is that of RFC 6762: names without case, everything else byte for byte.</summary>
public abstract record RecordData
{
    public abstract RecordType Type { get; }

    internal abstract void Write(MessageWriter writer);

    /// <summary>The wire form without compression: what tie-breaking compares (RFC 6762 section 8.2).</summary>
    internal byte[] ToUncompressed()
    {
        var writer = new MessageWriter(MessageLimits.MaxMessageBytes, compress: false);
        return writer.WriteDataAlone(this);
    }
}

/// <summary>A or AAAA. The address carries no scope.</summary>
public sealed record AddressData : RecordData
{
    public AddressData(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPAddress(address.GetAddressBytes())
            : address;
    }

    public IPAddress Address { get; }

    public override RecordType Type => Address.AddressFamily == AddressFamily.InterNetworkV6 ? RecordType.Aaaa : RecordType.A;

    public override string ToString() => $"{Type} {Address}";

    internal override void Write(MessageWriter writer)
    {
        Span<byte> bytes = stackalloc byte[16];
        Address.TryWriteBytes(bytes, out int written);
        writer.WriteBytes(bytes[..written]);
    }
}

public sealed record PointerData(DnsName Target) : RecordData
{
    public override RecordType Type => RecordType.Ptr;

    public override string ToString() => $"PTR {Target}";

    internal override void Write(MessageWriter writer) => writer.WriteName(Target);
}

public sealed record ServiceData(DnsName Target, ushort Port, ushort Priority = 0, ushort Weight = 0) : RecordData
{
    public override RecordType Type => RecordType.Srv;

    public override string ToString() => $"SRV {Target}:{Port}";

    internal override void Write(MessageWriter writer)
    {
        writer.WriteUInt16(Priority);
        writer.WriteUInt16(Weight);
        writer.WriteUInt16(Port);
        writer.WriteServiceTarget(Target);
    }
}

public sealed record TextData(ServiceText Text) : RecordData
{
    public override RecordType Type => RecordType.Txt;

    public override string ToString() => $"TXT {Text}";

    internal override void Write(MessageWriter writer) => writer.WriteBytes(Text.Encoded.Span);
}

/// <summary>A type this library does not interpret, or a record of a class other than IN.</summary>
public sealed record OpaqueData(RecordType OpaqueType, ReadOnlyMemory<byte> Bytes) : RecordData
{
    public override RecordType Type => OpaqueType;

    public bool Equals(OpaqueData? other) =>
        other is not null && OpaqueType == other.OpaqueType && Bytes.Span.SequenceEqual(other.Bytes.Span);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(OpaqueType);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => $"TYPE{(int)OpaqueType} {Bytes.Length} bytes";

    internal override void Write(MessageWriter writer) => writer.WriteBytes(Bytes.Span);
}
