using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns.Tests.Messages;

/// <summary>Arbitrary valid messages, with names that share suffixes so that compression has work to do.</summary>
internal static class Generators
{
    private static readonly string[] Labels = ["local", "_tcp", "_phase-image", "host", "HOST", "a.b", "é", "stable x86_64 (2)", new('x', 63)];

    public static Gen<DnsName> Names => Gen.Elements(Labels).ListOf().Select(labels =>
        labels.Take(8).Aggregate(DnsName.Root, (name, label) => name.TryPrepend(label, out DnsName? longer) ? longer : name));

    private static Gen<byte> Octet => Gen.Choose(0, 255).Select(value => (byte)value);

    private static Gen<ushort> Word => Gen.Choose(0, ushort.MaxValue).Select(value => (ushort)value);

    private static Gen<byte[]> Bytes => Octet.ListOf().Select(bytes => bytes.Take(300).ToArray());

    private static Gen<ServiceText> Texts => Bytes.ListOf().Select(strings =>
    {
        byte[] data = [.. strings.Take(10).Select(bytes => bytes.Take(255).ToArray()).SelectMany(bytes => bytes.Prepend((byte)bytes.Length))];
        Assert.True(ServiceText.TryRead(data, out ServiceText? text));
        return text;
    });

    private static Gen<RecordData> Data => Gen.OneOf(
        Octet.ArrayOf(4).Select(bytes => (RecordData)new AddressData(new IPAddress(bytes))),
        Octet.ArrayOf(16).Select(bytes => (RecordData)new AddressData(new IPAddress(bytes))),
        Names.Select(name => (RecordData)new PointerData(name)),
        from name in Names
        from port in Word
        from priority in Word
        select (RecordData)new ServiceData(name, port, priority, port),
        Texts.Select(text => (RecordData)new TextData(text)),
        from name in Names
        from types in Gen.Choose(1, 255).ListOf()
        select (RecordData)NextSecureData.For(name, [.. types.Select(type => (RecordType)type)]),
        Bytes.Select(bytes => (RecordData)new OpaqueData((RecordType)4242, bytes)));

    public static Gen<DnsRecord> Records =>
        from name in Names
        from data in Data
        from ttl in Gen.Choose(0, int.MaxValue)
        from flush in Gen.Elements(true, false)
        select new DnsRecord(name, data, (uint)ttl, flush);

    public static Gen<DnsQuestion> Questions =>
        from name in Names
        from type in Word
        from unicast in Gen.Elements(true, false)
        select new DnsQuestion(name, (RecordType)type, unicast);

    public static string Describe(IEnumerable<DnsRecord> records) => new StringBuilder().AppendJoin('\n', records).ToString();
}
