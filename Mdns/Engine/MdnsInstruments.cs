using System.Diagnostics.Metrics;

namespace PhaseMesh.Mdns;

/// <summary>The meter and its instruments; names are part of the interface to dashboards.</summary>
public static class MdnsInstruments
{
    public const string MeterName = "PhaseMesh.Mdns";
    public const string PacketsReceivedName = "mdns.packets.received";
    public const string PacketsSentName = "mdns.packets.sent";

    public const string AnswersName = "mdns.answers";

    /// <summary>Tagged <c>reason</c>, a <see cref="DropReason"/>.</summary>
    public const string DropsName = "mdns.drops";

    private static readonly Meter Meter = new(MeterName);

    internal static Counter<long> PacketsReceived { get; } = Meter.CreateCounter<long>(
        PacketsReceivedName, "{packet}", "Datagrams that came");

    internal static Counter<long> PacketsSent { get; } = Meter.CreateCounter<long>(
        PacketsSentName, "{packet}", "Datagrams sent");

    internal static Counter<long> Drops { get; } = Meter.CreateCounter<long>(
        DropsName, "{drop}", "Datagrams, or records in them, that were not used");

    internal static Counter<long> Answers { get; } = Meter.CreateCounter<long>(
        AnswersName, "{record}", "Records sent because somebody asked");
}
