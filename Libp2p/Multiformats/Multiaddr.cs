using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Libp2p.Multiformats;

/// <summary>
/// A self-describing network address, such as /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW... https://github.com/multiformats/multiaddr
/// <code>
/// text   = *( "/" name [ "/" value ] )
/// binary = *( varint(code) [ varint(length) ] value )
/// </code>
/// Immutable; equal when the binary forms are.
/// </summary>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    /// <summary>Longest accepted binary form; the longest useful ones (relay, certificate hashes) stay below 300 bytes.</summary>
    public const int MaxBytes = 512;

    private const int MaxTextChars = 1024;
    private const int MaxComponents = 16;
    private readonly byte[] _bytes;

    private Multiaddr(IReadOnlyList<MultiaddrComponent> components)
    {
        Components = components;
        _bytes = Encode(components);
    }

    public IReadOnlyList<MultiaddrComponent> Components { get; }

    /// <summary>The binary form.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The peer named last, or null: an address through a relay names the relay first.</summary>
    public PeerId? Peer
    {
        get
        {
            for (int index = Components.Count - 1; index >= 0; index--)
            {
                if (Components[index].Protocol.Code == MultiaddrProtocol.P2p.Code
                    && PeerId.TryRead(Components[index].Value.Span, out PeerId peer))
                {
                    return peer;
                }
            }
            return null;
        }
    }

    /// <exception cref="FormatException">The text is no multiaddr.</exception>
    public static Multiaddr Parse(string text) => TryParse(text, out Multiaddr? address)
        ? address
        : throw new FormatException($"'{text}' is no multiaddr; expected a form such as /ip4/192.0.2.7/tcp/4001.");

    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (text is null || text.Length is < 2 or > MaxTextChars || text[0] != '/')
        {
            return false;
        }
        string[] parts = text.TrimEnd('/').Split('/');
        List<MultiaddrComponent> components = [];
        for (int index = 1; index < parts.Length; index++)
        {
            if (MultiaddrProtocol.Find(parts[index]) is not { } protocol || components.Count == MaxComponents)
            {
                return false;
            }
            MultiaddrComponent component = new(protocol, ReadOnlyMemory<byte>.Empty);
            if (protocol.ValueBytes != 0
                && (++index >= parts.Length || !MultiaddrComponent.TryParse(protocol, parts[index], out component)))
            {
                return false;
            }
            components.Add(component);
        }
        return TryCreate(components, out address);
    }

    /// <summary>Reads a binary form that fills the span exactly; false for unknown protocols, whose length nobody can know.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (bytes.Length is 0 or > MaxBytes)
        {
            return false;
        }
        List<MultiaddrComponent> components = [];
        while (!bytes.IsEmpty)
        {
            if (components.Count == MaxComponents || !Varint.TryTake(ref bytes, out ulong code) || code > int.MaxValue
                || MultiaddrProtocol.Find((int)code) is not { } protocol)
            {
                return false;
            }
            ulong length = (ulong)Math.Max(0, protocol.ValueBytes);
            if (protocol.ValueBytes < 0 && !Varint.TryTake(ref bytes, out length))
            {
                return false;
            }
            if (length > (ulong)bytes.Length)
            {
                return false;
            }
            MultiaddrComponent component = new(protocol, bytes[..(int)length].ToArray());
            if (!component.IsValid())
            {
                return false;
            }
            components.Add(component);
            bytes = bytes[(int)length..];
        }
        return TryCreate(components, out address);
    }

    /// <summary>/ip4 or /ip6, then /tcp with the port.</summary>
    public static Multiaddr FromTcp(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        IPAddress address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        MultiaddrProtocol ip = address.AddressFamily == AddressFamily.InterNetwork ? MultiaddrProtocol.Ip4 : MultiaddrProtocol.Ip6;
        return new Multiaddr(
        [
            new MultiaddrComponent(ip, address.GetAddressBytes()),
            new MultiaddrComponent(MultiaddrProtocol.Tcp, new[] { (byte)(endPoint.Port >> 8), (byte)endPoint.Port }),
        ]);
    }

    /// <summary>The IP address in front, or null when the address starts otherwise.</summary>
    public IPAddress? IpAddress => Components[0].Protocol.Code is 4 or 41 ? new IPAddress(Components[0].Value.Span) : null;

    /// <summary>True for exactly /ip4|ip6/.../tcp/port, with or without a peer behind it.</summary>
    public bool TryGetTcpEndPoint([NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        Multiaddr bare = WithoutPeer();
        bool matches = bare.Components.Count == 2 && bare.IpAddress is not null
            && bare.Components[1].Protocol.Code == MultiaddrProtocol.Tcp.Code;
        endPoint = matches
            ? new IPEndPoint(bare.IpAddress!, BinaryPrimitives.ReadUInt16BigEndian(bare.Components[1].Value.Span))
            : null;
        return matches;
    }

    /// <summary>This address with /p2p/peer at its end in place of any there.</summary>
    public Multiaddr WithPeer(PeerId peer) =>
        new([.. WithoutPeer().Components, new MultiaddrComponent(MultiaddrProtocol.P2p, peer.Bytes)]);

    /// <summary>This address without /p2p at its end.</summary>
    public Multiaddr WithoutPeer() => Components.Count > 1 && Components[^1].Protocol.Code == MultiaddrProtocol.P2p.Code
        ? new Multiaddr([.. Components.Take(Components.Count - 1)])
        : this;

    public bool Equals(Multiaddr? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    public override string ToString()
    {
        StringBuilder text = new();
        foreach (MultiaddrComponent component in Components)
        {
            text.Append('/').Append(component.Protocol.Name);
            if (component.Protocol.ValueBytes != 0)
            {
                text.Append('/').Append(component.ValueText);
            }
        }
        return text.ToString();
    }

    private static bool TryCreate(List<MultiaddrComponent> components, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = components.Count > 0 ? new Multiaddr(components) : null;
        if (address?._bytes.Length > MaxBytes)
        {
            address = null;
        }
        return address is not null;
    }

    private static byte[] Encode(IReadOnlyList<MultiaddrComponent> components)
    {
        int size = components.Sum(static component => Varint.SizeOf((ulong)component.Protocol.Code) + component.Value.Length
            + (component.Protocol.ValueBytes < 0 ? Varint.SizeOf((ulong)component.Value.Length) : 0));
        byte[] bytes = new byte[size];
        int offset = 0;
        foreach (MultiaddrComponent component in components)
        {
            offset += Varint.Write(bytes.AsSpan(offset), (ulong)component.Protocol.Code);
            if (component.Protocol.ValueBytes < 0)
            {
                offset += Varint.Write(bytes.AsSpan(offset), (ulong)component.Value.Length);
            }
            component.Value.Span.CopyTo(bytes.AsSpan(offset));
            offset += component.Value.Length;
        }
        return bytes;
    }
}
