using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace PhaseMesh.Mdns.Messages;

/// <summary>Record data by type. Each branch leaves the position at the end the record's length promised, or fails.</summary>
public ref partial struct MessageReader
{
    private bool TryReadData(RecordType type, ushort recordClass, int end, [NotNullWhen(true)] out RecordData? data)
    {
        data = null;
        ReadOnlySpan<byte> raw = _bytes[_position..end];
        switch (recordClass == RecordClass.Internet ? type : RecordType.None)
        {
            case RecordType.A when raw.Length == 4:
            case RecordType.Aaaa when raw.Length == 16:
                data = new AddressData(new IPAddress(raw));
                _position = end;
                return true;
            case RecordType.A or RecordType.Aaaa:
                return Fail(type == RecordType.A ? "4 bytes of address" : "16 bytes of address", $"{raw.Length}");
            case RecordType.Ptr:
                if (TryReadName(out DnsName? target))
                {
                    data = new PointerData(target);
                }

                return data is not null && IsAt(end);
            case RecordType.Srv:
                return TryReadService(out data) && IsAt(end);
            case RecordType.Txt:
                if (!ServiceText.TryRead(raw, out ServiceText? text))
                {
                    return Fail("strings that end within the record", "one that does not");
                }

                data = new TextData(text);
                _position = end;
                return true;
            case RecordType.Nsec:
                return TryReadNextSecure(end, out data);
            default:
                data = new OpaqueData(type, raw.ToArray());
                _position = end;
                return true;
        }
    }

    private bool TryReadService([NotNullWhen(true)] out RecordData? data)
    {
        data = null;
        if (!TryReadUInt16("a priority", out ushort priority) || !TryReadUInt16("a weight", out ushort weight)
            || !TryReadUInt16("a port", out ushort port) || !TryReadName(out DnsName? target))
        {
            return false;
        }

        data = new ServiceData(target, port, priority, weight);
        return true;
    }

    private bool TryReadNextSecure(int end, [NotNullWhen(true)] out RecordData? data)
    {
        data = null;
        if (!TryReadName(out DnsName? next))
        {
            return false;
        }

        if (_position > end)
        {
            return Fail($"record data to end at byte {end}", $"its name ends at {_position}");
        }

        // python-zeroconf up to 0.47 writes window and length as 16 bits each. Its other records are good, and nothing here is decided by a
        // foreign NSEC: a bitmap that cannot be read says nothing, the message stands.
        ReadOnlySpan<byte> windows = _bytes[_position..end];
        data = new NextSecureData(next, NextSecureData.AreWindowsWellFormed(windows) ? windows.ToArray() : []);
        _position = end;
        return true;
    }
}
