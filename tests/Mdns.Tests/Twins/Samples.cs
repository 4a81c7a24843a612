using System.Net;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Responding;

namespace PhaseMesh.Mdns.Tests.Twins;

internal static class Samples
{
    public const string Type = "_phase-image._tcp";

    public static readonly DnsName TypeName = DnsName.Parse("_phase-image._tcp.local");

    public static ServiceRegistration Service(string name = "stable x86_64", ushort port = 8080, string release = "7") => new()
    {
        ServiceType = Type,
        InstanceName = name,
        Port = port,
        Text = Text(release),
    };

    public static ServiceText Text(string release) =>
        ServiceText.Create(new("channel", "stable"), new("arch", "x86_64"), new("release", release), new("path", "/manifest.json"));

    public static DnsRecord Pointer(DnsName instance, uint ttl = 4500) => new(TypeName, new PointerData(instance), ttl);

    public static DnsRecord Server(DnsName instance, string host, ushort port = 80, uint ttl = 120) =>
        new(instance, new ServiceData(DnsName.Parse(host), port), ttl, CacheFlush: true);

    public static DnsRecord Strings(DnsName instance, ServiceText text, uint ttl = 4500) => new(instance, new TextData(text), ttl, CacheFlush: true);

    public static DnsRecord Address(string host, string address, uint ttl = 120) =>
        new(DnsName.Parse(host), new AddressData(IPAddress.Parse(address)), ttl, CacheFlush: true);

    /// <summary>Everything a foreign host says about one service.</summary>
    public static DnsRecord[] Announcement(string name, string host, string address, string release = "7")
    {
        DnsName instance = TypeName.Prepend(name);
        return [Pointer(instance), Server(instance, host), Strings(instance, Text(release)), Address(host, address)];
    }
}
