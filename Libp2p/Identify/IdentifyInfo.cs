using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Identify;

/// <summary>
/// What a peer says about itself.
/// <code>
/// message Identify { bytes publicKey = 1; repeated bytes listenAddrs = 2; repeated string protocols = 3; bytes observedAddr = 4;
///                    string protocolVersion = 5; string agentVersion = 6; bytes signedPeerRecord = 8; }
/// </code>
/// https://github.com/libp2p/specs/blob/master/identify/README.md. Addresses of unknown kinds are left out. The signed record is not used:
/// the connection that carries the message already proves who speaks.
/// </summary>
public sealed record IdentifyInfo
{
    public const int MaxBytes = 8192;
    public const int MaxAddresses = 64;
    public const int MaxProtocols = 256;
    private const int MaxTextBytes = 256;

    public IdentityPublicKey? PublicKey { get; init; }

    public ImmutableArray<Multiaddr> ListenAddresses { get; init; } = [];

    public ImmutableArray<string> Protocols { get; init; } = [];

    /// <summary>Where the speaker sees the listener: behind NAT, this side's public address.</summary>
    public Multiaddr? ObservedAddress { get; init; }

    public string? ProtocolVersion { get; init; }

    public string? AgentVersion { get; init; }

    public byte[] Encode()
    {
        ProtobufWriter writer = new();
        if (PublicKey is not null)
        {
            writer.WriteBytes(1, PublicKey.Protobuf.Span);
        }
        foreach (Multiaddr address in ListenAddresses)
        {
            writer.WriteBytes(2, address.Bytes.Span);
        }
        foreach (string protocol in Protocols)
        {
            writer.WriteText(3, protocol);
        }
        if (ObservedAddress is not null)
        {
            writer.WriteBytes(4, ObservedAddress.Bytes.Span);
        }
        if (ProtocolVersion is not null)
        {
            writer.WriteText(5, ProtocolVersion);
        }
        if (AgentVersion is not null)
        {
            writer.WriteText(6, AgentVersion);
        }
        return writer.ToArray();
    }

    public static bool TryRead(ReadOnlySpan<byte> message, [NotNullWhen(true)] out IdentifyInfo? info)
    {
        info = null;
        ImmutableArray<Multiaddr>.Builder addresses = ImmutableArray.CreateBuilder<Multiaddr>();
        ImmutableArray<string>.Builder protocols = ImmutableArray.CreateBuilder<string>();
        IdentityPublicKey? key = null;
        Multiaddr? observed = null;
        string? protocolVersion = null;
        string? agentVersion = null;
        ProtobufReader reader = new(message);
        while (reader.Next())
        {
            bool understood = reader.Field switch
            {
                1 => reader.TryGetBytes(MaxBytes, out ReadOnlySpan<byte> bytes) && IdentityPublicKey.TryRead(bytes, out key),
                2 => TryAddAddress(reader, addresses),
                3 => protocols.Count < MaxProtocols && reader.TryGetText(MaxTextBytes, out string? protocol) && Add(protocols, protocol),
                4 => reader.TryGetBytes(MaxBytes, out ReadOnlySpan<byte> bytes) && (Multiaddr.TryRead(bytes, out observed) || true),
                5 => reader.TryGetText(MaxTextBytes, out protocolVersion),
                6 => reader.TryGetText(MaxTextBytes, out agentVersion),
                _ => true,
            };
            if (!understood)
            {
                return false;
            }
        }
        if (!reader.IsValid)
        {
            return false;
        }
        info = new IdentifyInfo
        {
            PublicKey = key,
            ListenAddresses = addresses.ToImmutable(),
            Protocols = protocols.ToImmutable(),
            ObservedAddress = observed,
            ProtocolVersion = protocolVersion,
            AgentVersion = agentVersion,
        };
        return true;
    }

    private static bool TryAddAddress(ProtobufReader reader, ImmutableArray<Multiaddr>.Builder addresses)
    {
        if (!reader.TryGetBytes(MaxBytes, out ReadOnlySpan<byte> bytes) || addresses.Count == MaxAddresses)
        {
            return false;
        }
        if (Multiaddr.TryRead(bytes, out Multiaddr? address))
        {
            addresses.Add(address);
        }
        return true;
    }

    private static bool Add(ImmutableArray<string>.Builder list, string value)
    {
        list.Add(value);
        return true;
    }
}
