using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Grains;
using PhaseMesh.Libp2p;
using PhaseMesh.Mdns;
using PhaseMesh.Silo.Diagnostics;
using PhaseMesh.Telemetry.Prometheus;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests;

/// <summary>docs/metrics.md lists exactly the instruments that exist, with the type, unit and name that they have.</summary>
public sealed partial class MetricsDocumentTests
{
    private static readonly Type[] Holders =
    [
        typeof(GatewayInstruments), typeof(ClientInstruments), typeof(ReplicaInstruments), typeof(SiloInstruments), typeof(FleetInstruments), typeof(RelayInstruments),
        typeof(GrainsInstruments),
        typeof(ClusterInstruments), typeof(Libp2pInstruments), typeof(MdnsInstruments), typeof(ProcessInstruments),
    ];

    [Fact]
    public void Document_ListsEachInstrument_AsItIs()
    {
        string[] inCode = [.. Instruments().Select(RowOf).Distinct().Order(StringComparer.Ordinal)];
        string[] inDocument = [.. MetricsDocument.Rows.Select(row => $"{row.Instrument} | {row.Name} | {row.Type} | {row.Unit}").Order(StringComparer.Ordinal)];
        Assert.Equal(string.Join('\n', inCode), string.Join('\n', inDocument));
    }

    [Fact]
    public void EachInstrument_HasHelp_AndAConstantInItsHolder()
    {
        string[] constants = [.. Holders.SelectMany(holder => holder.GetFields()).Where(field => field.IsLiteral)
            .Select(field => field.GetRawConstantValue()).OfType<string>()];
        foreach (Instrument instrument in Instruments())
        {
            Assert.False(string.IsNullOrEmpty(instrument.Description), $"{instrument.Name} says nothing about itself.");
            Assert.Contains(instrument.Name, constants);
        }
    }

    [Fact]
    public void EachLabel_HasABound()
    {
        foreach (MetricsRow row in MetricsDocument.Rows)
        {
            Assert.True(row.Labels == "-" || LabelWithBound().IsMatch(row.Labels), $"{row.Instrument}: expected label (bound), found {row.Labels}");
        }
    }

    [Fact]
    public void NoLabel_IsABootOrAnAddress() =>
        Assert.DoesNotContain(MetricsDocument.Rows, row => Regex.IsMatch(row.Labels, "\\b(boot_?id|address|ip|url|host|instance|peer_?id)\\b", RegexOptions.IgnoreCase));

    /// <summary>Whatever ends a boot on the agent's side is a label of its own, none is "other".</summary>
    [Fact]
    public void ReasonsOfTheAgent_AreKnown()
    {
        string code = File.ReadAllText(Repository.PathOf("BootAgent", "AgentExitCode.cs"));
        string[] slugs = [.. Slug().Matches(code).Select(match => match.Groups[1].Value)];
        Assert.Equal(8, slugs.Length);
        Assert.Empty(slugs.Except(GrainsInstruments.KnownReasons));
    }

    private static List<Instrument> Instruments()
    {
        HashSet<string> meters = [.. Holders.SelectMany(holder => holder.GetFields())
            .Where(field => field.IsLiteral && field.Name.EndsWith("MeterName", StringComparison.Ordinal) && field.Name != nameof(ProcessInstruments.RuntimeMeterName))
            .Select(field => (string)field.GetRawConstantValue()!)];
        Assert.Equal(Holders.Length + 1, meters.Count);
        List<Instrument> found = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (meters.Contains(instrument.Meter.Name))
            {
                lock (found)
                {
                    found.Add(instrument);
                }
            }
        };
        using HostMeters host = new();
        listener.Start();
        Array.ForEach(Holders, holder => RuntimeHelpers.RunClassConstructor(holder.TypeHandle));
        Make(host);
        return found;
    }

    /// <summary>Instruments only look when they are asked, which they are not here.</summary>
    private static void Make(HostMeters host)
    {
        _ = new ProcessInstruments(host, new MetricsOptions { Program = "test", Version = "0", Meters = [] });
        ReplicaInstruments replicas = new(host, null!, null!);
        _ = new GatewayInstruments(host, new Gateway.Chunks.ChunkCounters(), null!, null!, null!, null!, replicas, null!);
        _ = new ClientInstruments(host, null!, null!, null!);
        _ = new SiloInstruments(host, null!, null!, null!, null!);
        _ = new FleetInstruments(host, null!);
        _ = new RelayInstruments(host, null!);
    }

    private static string RowOf(Instrument instrument)
    {
        string kind = instrument.GetType().Name;
        FamilyType type = kind.Contains("Histogram", StringComparison.Ordinal) ? FamilyType.Histogram
            : kind.Contains("Counter", StringComparison.Ordinal) ? FamilyType.Counter
            : FamilyType.Gauge;
        string name = FamilyName.Of(instrument.Name, instrument.Unit, type).Name;
        return $"{instrument.Name} | {name}{(type is FamilyType.Counter ? "_total" : "")} | {type.ToString().ToLowerInvariant()} | {instrument.Unit ?? "-"}";
    }

    [GeneratedRegex(@"^([a-z_]+ \([^)]+\)(, )?)+$")]
    private static partial Regex LabelWithBound();

    [GeneratedRegex("=> \"([a-z_]+)\",")]
    private static partial Regex Slug();
}
