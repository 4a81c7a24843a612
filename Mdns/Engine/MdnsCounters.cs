namespace PhaseMesh.Mdns;

/// <summary>What one node has seen since it started; also published on <see cref="MdnsInstruments.MeterName"/>.</summary>
public sealed class MdnsCounters
{
    private static readonly int ReasonCount = Enum.GetValues<DropReason>().Length;
    private readonly long[] _drops = new long[ReasonCount];
    private long _received;
    private long _sent;
    private long _answers;

    public long PacketsReceived => Interlocked.Read(ref _received);

    public long PacketsSent => Interlocked.Read(ref _sent);

    /// <summary>Records sent because somebody asked.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    public long Drops(DropReason reason) => Interlocked.Read(ref _drops[(int)reason]);

    internal void Received()
    {
        Interlocked.Increment(ref _received);
        MdnsInstruments.PacketsReceived.Add(1);
    }

    internal void Sent()
    {
        Interlocked.Increment(ref _sent);
        MdnsInstruments.PacketsSent.Add(1);
    }

    internal void Answered(int records)
    {
        Interlocked.Add(ref _answers, records);
        MdnsInstruments.Answers.Add(records);
    }

    internal void Dropped(DropReason reason)
    {
        Interlocked.Increment(ref _drops[(int)reason]);
        MdnsInstruments.Drops.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
    }
}
