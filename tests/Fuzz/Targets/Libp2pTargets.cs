using System.Text;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Fuzz.Tests.Targets;

/// <summary>Parsers of whole messages and values of libp2p.</summary>
internal static class Libp2pTargets
{
    private const string Hash = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private static readonly IdentityKey Key = IdentityKey.FromSeed(new byte[32]);
    private static readonly string[] JsonTokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\ud800", "\\u0000", "null", "true", "-1", "1e3", "9223372036854775808",
        "\"type\":\"manifest\"", "\"offset\":1", "\"length\":0", "/**/", "\uFEFF",
    ];

    private static readonly string[] Addresses =
    [
        "/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1", "/dns4/boot.example/tcp/443/wss", "/dnsaddr/boot.example",
        "/memory/9", "/ip4/192.0.2.1/tcp/8080/http", "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/dns/example.org/tcp/443/tls/sni/example.org/http",
        $"/ip4/192.0.2.1/tcp/1/p2p/{Key.PeerId}/p2p-circuit",
    ];

    private static readonly string[] AddressTokens =
        ["/", "/p2p/", "/ip4/", "/tcp/0", "/tcp/65536", "/ipfs/", "%", "[::]", "127.1", "0x7f.1", "/http"];

    public static FuzzTarget[] All { get; } =
    [
        FuzzTarget.Of(
            "varint", static () => [[0], [0x7f], [0x80, 0x01], [.. Enumerable.Repeat((byte)0xff, 8), 0x7f], [0x80, 0x00]], Varints),
        FuzzTarget.Of(
            "multiaddr-binary", static () => Addresses.Select(static text => Multiaddr.Parse(text).Bytes.ToArray()), MultiaddrBinary),
        FuzzTarget.Of("multiaddr-text", static () => Addresses.Select(Encoding.UTF8.GetBytes), MultiaddrText, tokens: AddressTokens),
        FuzzTarget.Of("peer-id", static () => [Key.PeerId.Bytes.ToArray(), Multihash.Sha256("x"u8)], PeerIdBinary),
        FuzzTarget.Of(
            "peer-id-text",
            static () => new[] { Key.PeerId.ToString(), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" }.Select(Encoding.UTF8.GetBytes),
            PeerIdText,
            tokens: ["1", "111", "z", "0", "O"]),
        FuzzTarget.Of("multihash", static () => [Multihash.Sha256("x"u8), Multihash.Identity("key"u8)], Multihashes),
        FuzzTarget.Of("public-key", static () => [Key.PublicKey.Protobuf.ToArray()], PublicKeys),
        FuzzTarget.Of("private-key", static () => [Key.ToProtobuf()], PrivateKeys, rounds: 3000),
        FuzzTarget.Of("identify", IdentifySeeds, Identify),
        FuzzTarget.Of("kad-message", KadSeeds, KadMessages),
        FuzzTarget.Of("kad-record", static () => [Record()], KadRecords),
        FuzzTarget.Of(
            "noise-payload",
            static () => [NoisePayload.Create(Key, new byte[32], [YamuxFrame.ProtocolId, "/mplex/6.7.0"]).Encode()],
            Payloads),
        FuzzTarget.Of("fetch-request", RequestSeeds, Requests, tokens: JsonTokens),
        FuzzTarget.Of("fetch-answer", AnswerSeeds, Answers, tokens: JsonTokens),
    ];

    private static bool Varints(byte[] input)
    {
        if (!Varint.TryRead(input, out ulong value, out int length))
        {
            return false;
        }
        byte[] written = new byte[Varint.MaxBytes];
        Assert.Equal(length, Varint.Write(written, value));
        Assert.Equal(length, Varint.SizeOf(value));
        Assert.Equal(input[..length], written[..length]);
        return true;
    }

    private static bool MultiaddrBinary(byte[] input)
    {
        if (!Multiaddr.TryRead(input, out Multiaddr? address))
        {
            return false;
        }
        Assert.Equal(input, address.Bytes.ToArray());
        Assert.True(Multiaddr.TryParse(address.ToString(), out Multiaddr? again), address.ToString());
        Assert.Equal(address, again);
        Assert.Equal(Key.PeerId, address.WithPeer(Key.PeerId).Peer);
        _ = (address.Peer, address.IpAddress, address.TryGetTcpEndPoint(out _), HttpMultiaddr.TryGetUrl(address, out _));
        return true;
    }

    private static bool MultiaddrText(byte[] input)
    {
        if (!Multiaddr.TryParse(Encoding.UTF8.GetString(input), out Multiaddr? address))
        {
            return false;
        }
        Assert.InRange(address.Bytes.Length, 1, Multiaddr.MaxBytes);
        Assert.True(Multiaddr.TryRead(address.Bytes.Span, out Multiaddr? binary), address.ToString());
        Assert.Equal(address, binary);
        Assert.Equal(address, Multiaddr.Parse(address.ToString()));
        return true;
    }

    private static bool PeerIdBinary(byte[] input)
    {
        if (!PeerId.TryRead(input, out PeerId peer))
        {
            return false;
        }
        Assert.Equal(input, peer.Bytes.ToArray());
        Assert.Equal(peer, PeerId.Parse(peer.ToString()));
        return true;
    }

    private static bool PeerIdText(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (!PeerId.TryParse(text, out PeerId peer))
        {
            return false;
        }
        Assert.Equal(text, peer.ToString());
        return true;
    }

    private static bool Multihashes(byte[] input)
    {
        if (!Multihash.TryRead(input, out ulong code, out ReadOnlySpan<byte> digest))
        {
            return false;
        }
        Assert.Equal(input, (byte[])[(byte)code, (byte)digest.Length, .. digest]);
        return true;
    }

    private static bool PublicKeys(byte[] input)
    {
        if (!IdentityPublicKey.TryRead(input, out IdentityPublicKey? key))
        {
            return false;
        }
        Assert.Equal(input, key.Protobuf.ToArray());
        return true;
    }

    private static bool PrivateKeys(byte[] input)
    {
        if (!IdentityKey.TryRead(input, out IdentityKey? key))
        {
            return false;
        }
        using (key)
        {
            Assert.True(IdentityKey.TryRead(key.ToProtobuf(), out IdentityKey? again));
            Assert.Equal(key.PeerId, again.PeerId);
            again.Dispose();
        }
        return true;
    }

    private static bool Identify(byte[] input)
    {
        if (!IdentifyInfo.TryRead(input, out IdentifyInfo? info))
        {
            return false;
        }
        byte[] written = info.Encode();
        Assert.True(IdentifyInfo.TryRead(written, out IdentifyInfo? again));
        Assert.Equal(written, again.Encode());
        Assert.InRange(info.ListenAddresses.Length, 0, IdentifyInfo.MaxAddresses);
        Assert.InRange(info.Protocols.Length, 0, IdentifyInfo.MaxProtocols);
        return true;
    }

    private static bool KadMessages(byte[] input)
    {
        if (!KadMessage.TryRead(input, out KadMessage? message))
        {
            return false;
        }
        byte[] written = message.Encode();
        Assert.True(KadMessage.TryRead(written, out KadMessage? again));
        Assert.Equal(written, again.Encode());
        Assert.Equal(message.Key, again.Key);
        return true;
    }

    private static bool KadRecords(byte[] input)
    {
        if (!KadRecord.TryRead(input, DateTimeOffset.UnixEpoch, out KadRecord? record))
        {
            return false;
        }
        byte[] written = record.Encode();
        Assert.True(KadRecord.TryRead(written, DateTimeOffset.UnixEpoch, out KadRecord? again));
        Assert.Equal(written, again.Encode());
        return true;
    }

    private static bool Payloads(byte[] input)
    {
        if (!NoisePayload.TryRead(input, out NoisePayload? payload))
        {
            return false;
        }
        byte[] written = payload.Encode();
        Assert.True(NoisePayload.TryRead(written, out NoisePayload? again));
        Assert.Equal(written, again.Encode());
        return true;
    }

    private static bool Requests(byte[] input)
    {
        if (!FetchRequest.TryRead(input, out FetchRequest? request, out string? problem))
        {
            Assert.InRange(problem.Length, 1, 300);
            Assert.DoesNotContain(problem, char.IsControl);
            return false;
        }
        byte[] written = request.Encode();
        Assert.InRange(written.Length, 1, FetchProtocol.MaxMessageBytes);
        Assert.True(FetchRequest.TryRead(written, out FetchRequest? again, out _));
        Assert.Equal(request, again);
        return true;
    }

    private static bool Answers(byte[] input)
    {
        if (!FetchAnswer.TryRead(input, out FetchAnswer? answer, out string? problem))
        {
            Assert.InRange(problem.Length, 1, 300);
            Assert.DoesNotContain(problem, char.IsControl);
            return false;
        }
        byte[] written = answer.Encode();
        Assert.InRange(written.Length, 1, FetchProtocol.MaxMessageBytes);
        Assert.True(FetchAnswer.TryRead(written, out FetchAnswer? again, out _));
        Assert.Equal(answer, again);
        Assert.InRange(answer.Offset + answer.LengthBytes, 0, answer.SizeBytes);
        return true;
    }

    private static byte[] Record() => new KadRecord("/phase/x"u8.ToArray(), "value"u8.ToArray(), DateTimeOffset.UnixEpoch).Encode();

    private static IEnumerable<byte[]> IdentifySeeds() =>
    [
        new IdentifyInfo
        {
            PublicKey = Key.PublicKey,
            ListenAddresses = [Multiaddr.Parse(Addresses[0]), Multiaddr.Parse(Addresses[5])],
            Protocols = ["/phase/kad/1.0.0", FetchProtocol.Id],
            ObservedAddress = Multiaddr.Parse("/ip6/::1/tcp/9"),
            AgentVersion = "agent",
            ProtocolVersion = "one",
        }.Encode(),
        new IdentifyInfo().Encode(),
    ];

    private static IEnumerable<byte[]> KadSeeds()
    {
        KadPeer peer = new(Key.PeerId, [Multiaddr.Parse(Addresses[0]), Multiaddr.Parse(Addresses[5])]);
        byte[] key = Multihash.Sha256("x"u8);
        return
        [
            new KadMessage { Type = KadMessageType.GetProviders, Key = key, CloserPeers = [peer, peer], ProviderPeers = [peer] }.Encode(),
            new KadMessage { Type = KadMessageType.PutValue, Key = "/phase/x"u8.ToArray(), Record = Record() }.Encode(),
            new KadMessage { Type = KadMessageType.AddProvider, Key = key, ProviderPeers = [peer] }.Encode(),
            new KadMessage { Type = KadMessageType.Ping }.Encode(),
        ];
    }

    private static IEnumerable<byte[]> RequestSeeds() =>
    [
        FetchRequest.Manifest().Encode(),
        FetchRequest.Manifest("stable", "x86_64").Encode(),
        FetchRequest.Artifact(Hash).Encode(),
        FetchRequest.Artifact(Hash, 5, long.MaxValue).Encode(),
        "{\"hash\":\"\\ud800\"}"u8.ToArray(),
        [.. "{\"type\":\""u8, 0xc3, 0x28, .. "\"}"u8],
    ];

    private static IEnumerable<byte[]> AnswerSeeds() =>
    [
        FetchAnswer.Grant(1000, 10, 20, Hash).Encode(),
        FetchAnswer.Grant(0, 0, 0, null).Encode(),
        FetchAnswer.Refuse(FetchErrorCode.BadRange, "not within <\u00fc>").Encode(),
        "{\"ok\":true,\"size\":9223372036854775807,\"offset\":2,\"length\":9223372036854775807}"u8.ToArray(),
    ];
}
