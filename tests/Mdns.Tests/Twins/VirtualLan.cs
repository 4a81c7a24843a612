using System.Collections.Immutable;
using System.Net;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Tests.Twins;

/// <summary>A LAN 10.0.0.0/24 on virtual time, with everything that was sent on it.</summary>
internal sealed class VirtualLan : IAsyncDisposable
{
    private readonly List<MdnsNode> _nodes = [];

    public VirtualLan()
    {
        Lan = new InMemoryMulticastLan(Time, TimeSpan.FromMilliseconds(1)) { OnWire = Record };
    }

    public VirtualTime Time { get; } = new();

    public InMemoryMulticastLan Lan { get; }

    public List<WirePacket> Wire { get; } = [];

    /// <summary>Decides which datagrams are lost; null loses none.</summary>
    public Func<WirePacket, bool>? IsLost { get; set; }

    public MdnsNode StartNode(int hostNumber, string? hostName = null, MdnsOptions? options = null) => StartNode(hostNumber, out _, hostName, options);

    public MdnsNode StartNode(int hostNumber, out InMemoryMulticastNetwork network, string? hostName = null, MdnsOptions? options = null)
    {
        network = new InMemoryMulticastNetwork();
        network.Connect(Lan, Link(hostNumber));
        var node = MdnsNode.Start(
            options ?? new MdnsOptions { HostName = hostName ?? $"host{hostNumber}", Random = new Random(hostNumber) }, network, Time);
        _nodes.Add(node);
        return node;
    }

    public static NetworkLink Link(int hostNumber, int index = 1) =>
        new(index, $"lan{index}", [new LinkAddress(IPAddress.Parse($"10.0.0.{hostNumber}"), 24)]);

    public static IPEndPoint Host(int hostNumber, int port = 5353) => new(IPAddress.Parse($"10.0.0.{hostNumber}"), port);

    public void Advance(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Sends a query as the given host and returns what came back on the wire within half a second.</summary>
    public ImmutableArray<WirePacket> Ask(IPEndPoint asker, DnsQuestion question, params DnsRecord[] known)
    {
        int before = Wire.Count;
        Inject(asker, MessageComposer.Query([question], known)[0]);
        Advance(0.5);
        return [.. Wire.Skip(before + 1)];
    }

    public void Inject(IPEndPoint source, ReadOnlyMemory<byte> packet) => Lan.Inject(source, null, packet.Span);

    public void InjectResponse(IPEndPoint source, params DnsRecord[] answers)
    {
        foreach (ReadOnlyMemory<byte> packet in MessageComposer.Response(answers, []))
        {
            Inject(source, packet);
        }
    }

    public IEnumerable<WirePacket> From(int hostNumber) => Wire.Where(packet => packet.Source.Address.Equals(Host(hostNumber).Address));

    public async ValueTask DisposeAsync()
    {
        foreach (MdnsNode node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private bool Record(InMemoryDatagram datagram)
    {
        MessageReader.TryRead(datagram.Bytes.Span, out DnsMessage? message, out MessageError error);
        var packet = new WirePacket(Time.Elapsed, datagram.Source, datagram.Destination, message, error);
        Wire.Add(packet);
        return IsLost?.Invoke(packet) != true;
    }
}

/// <param name="Message">Null when the bytes are no message.</param>
internal sealed record WirePacket(TimeSpan At, IPEndPoint Source, IPEndPoint? Destination, DnsMessage? Message, MessageError Error)
{
    public bool IsProbe => Message is { IsResponse: false, Authorities.Count: > 0 };

    public bool IsResponse => Message is { IsResponse: true };

    public bool IsQuery => Message is { IsResponse: false, Authorities.Count: 0 };

    public bool IsGoodbye => IsResponse && Message!.Answers.Count > 0 && Message.Answers.All(record => record.TtlSeconds == 0);

    public IEnumerable<DnsRecord> Records => Message is null ? [] : Message.Answers.Concat(Message.Additionals);

    public bool Has(RecordType type) => Records.Any(record => record.Type == type);
}
