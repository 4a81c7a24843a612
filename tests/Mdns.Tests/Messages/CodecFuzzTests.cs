using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Tests.Twins;

namespace PhaseMesh.Mdns.Tests.Messages;

/// <summary>
/// Mutates valid packets with a fixed seed. What is accepted gets a second opinion: written again without compression and read, it must
/// say the same.
/// </summary>
public sealed class CodecFuzzTests
{
    private const int Seed = 6762;
    private const int Rounds = 100_000;

    [Fact]
    public void TryRead_MutatedPackets_AreRefusedOrMeanTheSameAgain()
    {
        var random = new Random(Seed);
        byte[][] corpus = Corpus();
        int accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] packet = Mutate(corpus[random.Next(corpus.Length)], random);
            if (MessageReader.TryRead(packet, out DnsMessage? message, out MessageError error))
            {
                accepted++;
                AssertMeansTheSame(message, round);
            }
            else
            {
                Assert.False(string.IsNullOrEmpty(error.Expected), $"Round {round}: a refusal without a reason.");
            }
        }

        // Both sides of the parser were exercised.
        Assert.InRange(accepted, Rounds / 100, Rounds * 99 / 100);
    }

    internal static byte[][] Corpus()
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

    internal static byte[] Mutate(byte[] packet, Random random)
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

    private static void AssertMeansTheSame(DnsMessage message, int round)
    {
        var writer = new MessageWriter(60_000, compress: false);
        Assert.True(message.Questions.All(writer.TryAdd));
        Assert.True(message.Answers.All(record => writer.TryAdd(MessageSection.Answer, record)));
        Assert.True(message.Authorities.All(record => writer.TryAdd(MessageSection.Authority, record)));
        Assert.True(message.Additionals.All(record => writer.TryAdd(MessageSection.Additional, record)));
        ReadOnlyMemory<byte> plain = writer.Finish(message.Id, message.IsResponse, message.IsTruncated);
        if (plain.Length > MessageLimits.MaxMessageBytes)
        {
            return;
        }

        Assert.True(MessageReader.TryRead(plain.Span, out DnsMessage? again, out MessageError error), $"Round {round}: {error}");
        Assert.Equal(message.Questions, again.Questions);
        Assert.Equal(message.Answers, again.Answers);
        Assert.Equal(message.Authorities, again.Authorities);
        Assert.Equal(message.Additionals, again.Additionals);
    }
}
