using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Hostile;

/// <summary>Valid packets, and what becomes of them on a hostile LAN.</summary>
internal static class MutatedPackets
{
    public static byte[][] Corpus()
    {
        DnsName instance = Samples.TypeName.Prepend("stable x86_64");
        DnsRecord[] records =
        [
            .. Samples.Announcement("stable x86_64", "host.local", "10.0.0.9"),
            Samples.Address("host.local", "fe80::1"),
            new(instance, NextSecureData.For(instance, RecordType.Txt, RecordType.Srv), 120, CacheFlush: true),
        ];
        var question = new DnsQuestion(Samples.TypeName, RecordType.Ptr, UnicastResponse: true);
        return
        [
            MessageComposer.Response(records, [])[0].ToArray(),
            MessageComposer.Response(records[..1], records[1..])[0].ToArray(),
            MessageComposer.Query([question], records[..1])[0].ToArray(),
            MessageComposer.Probe([(question, records)])[0].ToArray(),
            MessageComposer.LegacyResponse(5, [question], records, []).ToArray(),
        ];
    }

    public static byte[] Mutate(byte[] packet, Random random)
    {
        List<byte> bytes = [.. packet];
        for (int change = random.Next(1, 5); change > 0 && bytes.Count > 1; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                    break;
                case 4:
                    bytes[at] = (byte)(0xc0 | random.Next(2));
                    break;
                default:
                    bytes[random.Next(Math.Min(12, bytes.Count))] = (byte)random.Next(4);
                    break;
            }
        }

        return [.. bytes];
    }
}
