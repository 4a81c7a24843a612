using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Identify;
using PhaseMesh.Libp2p.KadDht;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Noise;
using PhaseMesh.Libp2p.Tests.Support;
using PhaseMesh.Libp2p.Yamux;

namespace PhaseMesh.Libp2p.Tests.Hostile;

/// <summary>
/// Mutation fuzzing of every parser of untrusted bytes: proper messages with bits flipped, bytes cut, doubled and spliced, from fixed
/// seeds. No input may throw; what is accepted must survive its own encoding.
/// </summary>
public sealed class ParserFuzzTests
{
    private const int Rounds = 20_000;
    private static readonly IdentityKey Key = IdentityKey.FromSeed(new byte[32]);

    public static TheoryData<string> Parsers() =>
        ["multiaddr", "peer id", "public key", "identify", "dht message", "dht record", "noise payload", "yamux header"];

    [Theory]
    [MemberData(nameof(Parsers))]
    public void Parser_MutatedInput_NeverThrowsAndAgreesWithItself(string parser)
    {
        byte[][] corpus = Corpus(parser);
        Random random = new(20261121);
        int accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] input = Mutate(corpus[random.Next(corpus.Length)], corpus, random);
            accepted += Accepts(parser, input) ? 1 : 0;
        }
        Assert.InRange(accepted, 1, Rounds);
    }

    private static bool Accepts(string parser, byte[] input)
    {
        switch (parser)
        {
            case "multiaddr":
                if (!Multiaddr.TryRead(input, out Multiaddr? address))
                {
                    return false;
                }
                // The second opinion: through the text form and back.
                Assert.True(Multiaddr.TryParse(address.ToString(), out Multiaddr? again), address.ToString());
                Assert.Equal(address, again);
                return true;
            case "peer id":
                if (!PeerId.TryRead(input, out PeerId peer))
                {
                    return false;
                }
                Assert.Equal(peer, PeerId.Parse(peer.ToString()));
                return true;
            case "public key":
                if (!IdentityPublicKey.TryRead(input, out IdentityPublicKey? key))
                {
                    return false;
                }
                Assert.Equal(input, key.Protobuf.ToArray());
                return true;
            case "identify":
                if (!IdentifyInfo.TryRead(input, out IdentifyInfo? info))
                {
                    return false;
                }
                Assert.True(IdentifyInfo.TryRead(info.Encode(), out IdentifyInfo? same));
                Assert.Equal(info.ListenAddresses.AsEnumerable(), same.ListenAddresses);
                Assert.Equal(info.Protocols.AsEnumerable(), same.Protocols);
                return true;
            case "dht message":
                if (!KadMessage.TryRead(input, out KadMessage? message))
                {
                    return false;
                }
                Assert.True(KadMessage.TryRead(message.Encode(), out KadMessage? copy));
                Assert.Equal(message.CloserPeers.Length, copy.CloserPeers.Length);
                Assert.Equal(message.Key, copy.Key);
                return true;
            case "dht record":
                if (!KadRecord.TryRead(input, DateTimeOffset.UnixEpoch, out KadRecord? record))
                {
                    return false;
                }
                Assert.True(KadRecord.TryRead(record.Encode(), DateTimeOffset.UnixEpoch, out KadRecord? twin));
                Assert.Equal(record.Value, twin.Value);
                return true;
            case "noise payload":
                return NoisePayload.TryRead(input, out NoisePayload? payload) && NoisePayload.TryRead(payload.Encode(), out _);
            default:
                if (input.Length < YamuxFrame.HeaderBytes || !YamuxFrame.TryRead(input, out YamuxFrame frame))
                {
                    return false;
                }
                byte[] written = new byte[YamuxFrame.HeaderBytes];
                frame.Write(written);
                Assert.Equal(input[..YamuxFrame.HeaderBytes], written);
                return true;
        }
    }

    private static byte[][] Corpus(string parser)
    {
        byte[][] addresses =
        [
            .. new[] { "/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1", "/dns4/boot.example/tcp/443/wss", "/dnsaddr/boot.example", "/memory/9" }
                .Select(static text => Multiaddr.Parse(text).WithPeer(Key.PeerId).Bytes.ToArray()),
        ];
        KadPeer peer = new(Key.PeerId, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001")]);
        byte[] record = new KadRecord("/phase/x"u8.ToArray(), "value"u8.ToArray(), DateTimeOffset.UnixEpoch).Encode();
        return parser switch
        {
            "multiaddr" => addresses,
            "peer id" => [Key.PeerId.Bytes.ToArray(), Multihash.Sha256("x"u8)],
            "public key" => [Key.PublicKey.Protobuf.ToArray()],
            "identify" =>
            [
                new IdentifyInfo
                {
                    PublicKey = Key.PublicKey, ListenAddresses = [Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001")], Protocols = ["/a/1", "/b/2"],
                    ObservedAddress = Multiaddr.Parse("/ip6/::1/tcp/9"), AgentVersion = "agent", ProtocolVersion = "one",
                }.Encode(),
            ],
            "dht message" =>
            [
                new KadMessage { Type = KadMessageType.GetProviders, Key = Multihash.Sha256("x"u8), CloserPeers = [peer, peer], ProviderPeers = [peer] }.Encode(),
                new KadMessage { Type = KadMessageType.PutValue, Key = "/phase/x"u8.ToArray(), Record = record }.Encode(),
            ],
            "dht record" => [record],
            "noise payload" => [NoisePayload.Create(Key, new byte[32], [YamuxFrame.ProtocolId, "/mplex/6.7.0"]).Encode()],
            _ => [.. new YamuxFrame[] { new(YamuxType.Data, YamuxFlags.Syn, 1, 100), new(YamuxType.Ping, YamuxFlags.Ack, 0, 7) }.Select(static frame =>
            {
                byte[] bytes = new byte[YamuxFrame.HeaderBytes];
                frame.Write(bytes);
                return bytes;
            })],
        };
    }

    private static byte[] Mutate(byte[] origin, byte[][] corpus, Random random)
    {
        List<byte> bytes = [.. origin];
        for (int change = random.Next(4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(bytes.Count - at)));
                    break;
                case 4:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)0xff, random.Next(1, 10)));
                    break;
                default:
                    bytes.InsertRange(at, corpus[random.Next(corpus.Length)]);
                    break;
            }
        }
        return [.. bytes];
    }
}
