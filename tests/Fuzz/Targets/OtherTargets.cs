using System.Text;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Serving.Ranges;
using PhaseMesh.Serving.Toml;

namespace PhaseMesh.Fuzz.Tests.Targets;

/// <summary>Parsers outside libp2p: and what is JSON: mDNS, keys, configuration, HTTP ranges, kernel command line.</summary>
internal static class OtherTargets
{
    private const long TotalBytes = 1000;
    private static readonly Ed25519PrivateKey NodeKey = Ed25519PrivateKey.FromSeed(new byte[32]);
    private static readonly string[] TomlTokens =
    [
        "[", "]", "[[", "]]", "=", ".", "\"", "'", "\"\"\"", "'''", "\\u0000", "\\U0010FFFF", "#", "\n", "\r", "inf", "nan", "0x",
        "1_0", "1e9", "1979-05-27T07:32:00Z", "07:32:00", "{", "}", ",", "a.b.c", "true",
    ];

    public static FuzzTarget[] All { get; } =
    [
        FuzzTarget.Of("mdns-message", MessageSeeds, Messages, rounds: 40_000),
        FuzzTarget.Of("mdns-text", TextSeeds, Texts, tokens: ["=", "\u0000", "\u0001=", "a=b"]),
        FuzzTarget.Of("key-text", KeySeeds, Keys, tokens: ["ed25519:", "-----BEGIN PUBLIC KEY-----", "=", "\n", "-----"]),
        FuzzTarget.Of("toml", TomlSeeds, Toml, rounds: 6000, tokens: TomlTokens),
        FuzzTarget.Of(
            "range-header", RangeSeeds, Ranges, tokens: ["bytes=", ",", "-", "0-", "-1", "999", "1000", "9223372036854775807", " "]),
        FuzzTarget.Of("kernel-command-line", CommandLineSeeds, CommandLine, tokens: ["phase.", "\"", " ", "--", "=", "\n", "phase.mode"]),
    ];

    // Written again without compression and read, it must say the same.
    private static bool Messages(byte[] input)
    {
        if (!MessageReader.TryRead(input, out DnsMessage? message, out MessageError error))
        {
            Assert.False(string.IsNullOrEmpty(error.Expected));
            return false;
        }
        MessageWriter writer = new(60_000, compress: false);
        Assert.True(message.Questions.All(writer.TryAdd));
        Assert.True(message.Answers.All(record => writer.TryAdd(MessageSection.Answer, record)));
        Assert.True(message.Authorities.All(record => writer.TryAdd(MessageSection.Authority, record)));
        Assert.True(message.Additionals.All(record => writer.TryAdd(MessageSection.Additional, record)));
        ReadOnlyMemory<byte> plain = writer.Finish(message.Id, message.IsResponse, message.IsTruncated);
        if (plain.Length <= MessageLimits.MaxMessageBytes)
        {
            Assert.True(MessageReader.TryRead(plain.Span, out DnsMessage? again, out error), error.ToString());
            Assert.Equal(message.Questions, again.Questions);
            Assert.Equal(message.Answers, again.Answers);
            Assert.Equal(message.Authorities, again.Authorities);
            Assert.Equal(message.Additionals, again.Additionals);
        }
        return true;
    }

    private static bool Texts(byte[] input)
    {
        if (!ServiceText.TryRead(input, out ServiceText? text))
        {
            return false;
        }
        Assert.Equal(input.Length == 0 ? [0] : input, text.Encoded.ToArray());
        Assert.InRange(text.Pairs.Count, 0, ServiceText.MaxPairs);
        Assert.All(text.Pairs.Keys, static key => Assert.DoesNotContain('=', key));
        // What can be published reads back the same.
        if (ServiceText.TryCreate(text.Pairs, out ServiceText? written, out _))
        {
            Assert.True(ServiceText.TryRead(written.Encoded.Span, out ServiceText? again));
            Assert.Equal(text.Pairs.OrderBy(static pair => pair.Key), again.Pairs.OrderBy(static pair => pair.Key));
        }
        return true;
    }

    private static bool Keys(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (!Ed25519PublicKey.TryParse(text, out Ed25519PublicKey key))
        {
            return false;
        }
        Assert.Equal(key, Ed25519PublicKey.Parse(key.ToString()));
        Assert.Equal(key, Ed25519PublicKey.Parse(key.ToPem()));
        return true;
    }

    private static bool Toml(byte[] input)
    {
        TomlDocument document;
        try
        {
            document = TomlDocument.Parse(input);
        }
        catch (TomlException exception)
        {
            Assert.InRange(exception.Message.Length, 1, 600);
            return false;
        }
        string written = TomlText.Of(document.Root);
        Assert.Equal(written, TomlText.Of(TomlDocument.Parse(Encoding.UTF8.GetBytes(written)).Root));
        return true;
    }

    private static bool Ranges(byte[] input)
    {
        RangeRequest request = RangeRequest.Read(Encoding.UTF8.GetString(input), TotalBytes);
        Assert.InRange(request.Ranges.Count, 0, RangeRequest.MaxRanges);
        if (request.Ranges.Count == 0)
        {
            return false;
        }
        Assert.True(request.IsSatisfiable);
        foreach ((int index, ByteRange range) in request.Ranges.Index())
        {
            Assert.InRange(range.LengthBytes, 1, TotalBytes);
            Assert.InRange(range.Offset, 0, TotalBytes - range.LengthBytes);
            Assert.DoesNotContain(request.Ranges.Take(index), range.Overlaps);
        }
        IEnumerable<string> items = request.Ranges.Select(static range => $"{range.Offset}-{range.Offset + range.LengthBytes - 1}");
        string plain = "bytes=" + string.Join(',', items);
        Assert.Equal(request.Ranges, RangeRequest.Read(plain, TotalBytes).Ranges);
        return true;
    }

    private static bool CommandLine(byte[] input)
    {
        ParameterValues values = new();
        KernelCommandLine.Read(Encoding.UTF8.GetString(input), values);
        Assert.All(values.Errors.Concat(values.Warnings), static line => Assert.DoesNotContain(line, char.IsControl));
        List<(string Name, string Text)> given = [.. Given(values)];
        Assert.InRange(given.Count + values.Errors.Count + values.Warnings.Count, 0, input.Length);
        ParameterValues again = new();
        KernelCommandLine.Read(string.Join(' ', given.Select(static one => $"{one.Name}=\"{one.Text}\"")), again);
        Assert.Equal(given, Given(again));
        return given.Count > 0 && values.Errors.Count == 0;
    }

    private static IEnumerable<(string Name, string Text)> Given(ParameterValues values) =>
        from definition in ParameterTable.All
        from value in values.AllOf(definition)
        select (definition.Name ?? "", value.Text);

    private static IEnumerable<byte[]> MessageSeeds()
    {
        DnsName type = DnsName.Parse("_phase-image._tcp.local");
        DnsName instance = type.Prepend("stable x86_64");
        DnsName host = DnsName.Parse("host.local");
        DnsRecord[] records =
        [
            new(type, new PointerData(instance), 4500),
            new(instance, new ServiceData(host, 8080), 120, CacheFlush: true),
            new(instance, new TextData(ServiceText.Create([new("channel", "stable"), new("arch", "x86_64")])), 4500, CacheFlush: true),
            new(host, new AddressData(System.Net.IPAddress.Parse("10.0.0.9")), 120, CacheFlush: true),
            new(host, new AddressData(System.Net.IPAddress.Parse("fe80::1")), 120, CacheFlush: true),
            new(instance, NextSecureData.For(instance, RecordType.Txt, RecordType.Srv), 120, CacheFlush: true),
        ];
        DnsQuestion question = new(type, RecordType.Ptr, UnicastResponse: true);
        return
        [
            MessageComposer.Response(records, [])[0].ToArray(),
            MessageComposer.Response(records[..1], records[1..])[0].ToArray(),
            MessageComposer.Query([question], records[..1])[0].ToArray(),
            MessageComposer.Probe([(question, records)])[0].ToArray(),
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1], // A name that points at itself.
        ];
    }

    private static IEnumerable<byte[]> TextSeeds() =>
    [
        ServiceText.Create([new("channel", "stable"), new("arch", "x86_64"), new("flag", null), new("empty", "")]).Encoded.ToArray(),
        [0],
        [5, .. "=none"u8, 4, .. "A=11"u8, 4, .. "a=22"u8],
        [200, 1],
    ];

    private static IEnumerable<byte[]> KeySeeds() =>
        new[] { NodeKey.PublicKey.ToString(), NodeKey.PublicKey.ToPem(), "ed25519:" + new string('0', 64) }.Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<byte[]> TomlSeeds() => new[]
    {
        "# provider\n[provider]\nmode = \"internet\"\n[provider.dht]\nport = 4001\nbootstrap = [\"/ip4/192.0.2.1/tcp/1\",\n  'x', # c\n]\n",
        "a.b.\"c d\" = {x = 1, y.z = [true, false], s = '''\nraw'''}\nf = [1.5, -inf, nan, 6.02e23, 0x1F, 0o17, 0b1, 1_000]\n",
        "t = [1979-05-27T07:32:00Z, 1979-05-27T00:32:00.999-07:00, 1979-05-27T07:32:00, 1979-05-27, 07:32:00]\n"
            + "[[p]]\nn = 1\n[[p]]\nn = \"\\u00e9\"\n",
        "x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    }.Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<byte[]> RangeSeeds() =>
        new[] { "bytes=0-99", "bytes=0-0,-1", "bytes=10-19, 30-39,500-", "bytes=2000-", "items=0-5", "bytes=0-9,5-14" }
            .Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<byte[]> CommandLineSeeds() => new[]
    {
        "console=ttyS0 phase.mode=local phase.provider=http://192.0.2.1:8080 phase.channel=\"stable\" quiet\n",
        "root=/dev/sda1 phase.bootstrap=/ip4/192.0.2.1/tcp/4001 -- phase.mode=internet",
        "phase.unknown=1 phase.mode phase.mode=\"with space",
    }.Select(Encoding.UTF8.GetBytes);
}
