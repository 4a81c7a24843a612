using System.Net;
using PhaseMesh.Mdns.Network;

namespace PhaseMesh.Mdns.Engine;

/// <summary>What the parts of one node share. Everything but the constructor is used with <see cref="Gate"/> held.</summary>
internal sealed class NodeContext : IDisposable
{
    public NodeContext(MdnsOptions options, IMulticastNetwork network, TimeProvider time)
    {
        Options = options;
        Network = network;
        Scheduler = new Scheduler(time, Gate);
    }

    public Lock Gate { get; } = new();

    public MdnsOptions Options { get; }

    public IMulticastNetwork Network { get; }

    public Scheduler Scheduler { get; }

    public MdnsCounters Counters { get; } = new();

    public EchoFilter Echoes { get; } = new();

    public TimeSpan Now => Scheduler.Now;

    public void Multicast(int linkIndex, ReadOnlySpan<byte> datagram)
    {
        Echoes.Remember(datagram, Now);
        Counters.Sent();
        Network.SendMulticast(linkIndex, datagram);
    }

    public void Unicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram)
    {
        Counters.Sent();
        Network.SendUnicast(linkIndex, destination, datagram);
    }

    public TimeSpan RandomDelay(int minMilliseconds, int maxMilliseconds) =>
        TimeSpan.FromMilliseconds(Options.Random.Next(minMilliseconds, maxMilliseconds + 1));

    public void Notice(MdnsNoticeKind kind, string message) => Options.OnNotice?.Invoke(new MdnsNotice(kind, message));

    public void Dispose() => Scheduler.Dispose();
}
