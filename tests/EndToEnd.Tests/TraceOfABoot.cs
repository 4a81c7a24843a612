using System.Globalization;
using System.Text.Json.Nodes;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>
/// The trace of a machine that booted through a gateway and joined, span by span: as a silo answers it, and as a collector got it from the
/// silos, there with the spans of gateway and silos below.
/// </summary>
internal sealed class TraceOfABoot(FleetMachine machine, BootLab lab, GatewayProcess gateway)
{
    private const string Agent = "phase-agent";
    private const string Node = "plasmd";

    /// <summary>Each span with its parent and who tells it.</summary>
    private static readonly (string Name, string Parent, string Service)[] Whole =
    [
        ("boot", "", Agent),
        ("network", "boot", Agent),
        ("discovery", "boot", Agent),
        ("discovery command line", "discovery", Agent),
        ("discovery mdns", "discovery", Agent),
        ("manifest", "boot", Agent),
        ("fetch", "boot", Agent),
        ("fetch kernel", "fetch", Agent),
        ("fetch initramfs", "fetch", Agent),
        ("fetch rootfs", "fetch", Agent),
        ("verify", "boot", Agent),
        ("kexec load", "boot", Agent),
        ("kernel start", "boot", Node),
        ("plasmd start", "boot", Node),
        ("enrol", "boot", Node),
    ];

    /// <summary>One after the other, across kexec; an end may be the next one's beginning.</summary>
    private static readonly string[] InTurn =
        ["fetch kernel", "fetch initramfs", "fetch rootfs", "verify", "kexec load", "kernel start", "plasmd start", "enrol"];

    private string RootId => machine.BootId[..16];

    public async Task AssertIsWholeAsync(SiloProcess silo, OtlpReceiver collector)
    {
        using HttpClient client = new() { Timeout = QemuMachine.BootLimit };
        IReadOnlyList<ReceivedSpan> told = [];
        await Eventually.IsAsync(async () =>
        {
            told = OtlpJson.SpansOf(await client.GetByteArrayAsync(new Uri(silo.Url, $"/v1/boots/{machine.BootId}/spans")));
            return told.Any(span => span.SpanId == RootId);
        });
        AssertIsWhole(told);

        IReadOnlyList<ReceivedSpan> collected = await collector.WaitForAsync(
            spans => spans.Any(IsRoot) && spans.Any(span => span.TraceId == machine.BootId && span.Service == "phase-gateway"),
            $"the trace {machine.BootId}, with the gateway's part");

        // What the next kernel knew better was sent again: the last one counts.
        ReceivedSpan[] ofTheBoot =
            [.. collected.Where(span => span.TraceId == machine.BootId).GroupBy(span => span.SpanId).Select(each => each.Last())];
        string[] names = [.. Whole.Select(each => each.Name)];
        AssertIsWhole([.. ofTheBoot.Where(span => names.Contains(span.Name))]);
        AssertGatewayIsBelow(ofTheBoot);
    }

    private bool IsRoot(ReceivedSpan span) => span.TraceId == machine.BootId && span.SpanId == RootId;

    private void AssertIsWhole(IReadOnlyList<ReceivedSpan> spans)
    {
        Dictionary<string, ReceivedSpan> byId = spans.ToDictionary(span => span.SpanId);
        Assert.Equal(
            Whole.Order(),
            spans.Select(span => (span.Name, span.ParentSpanId is "" ? "" : byId[span.ParentSpanId].Name, span.Service)).Order());
        Dictionary<string, ReceivedSpan> byName = spans.ToDictionary(span => span.Name);
        Assert.Equal(RootId, byName["boot"].SpanId);
        Assert.All(spans, span => Assert.Equal((machine.BootId, 0), (span.TraceId, span.StatusCode)));

        AssertTimes(byName);
        AssertArtifacts(byName);
        Assert.Equal("1", byName["discovery command line"].Attributes["phase.providers"]);
        Assert.Equal("stable", byName["boot"].Attributes["phase.channel"]);
    }

    private void AssertTimes(Dictionary<string, ReceivedSpan> spans)
    {
        ReceivedSpan boot = spans["boot"];
        Assert.All(spans.Values, span =>
        {
            Assert.InRange(span.Start, boot.Start, span.End);
            Assert.InRange(span.End, span.Start, boot.End);
        });
        Assert.Equal(boot.Start, spans["network"].Start);
        foreach ((string before, string after) in InTurn.Zip(InTurn.Skip(1)))
        {
            long overlap = spans[before].End - spans[after].Start;
            Assert.True(overlap <= 0, $"{after} begins {overlap} ns before {before} ends");
        }

        Assert.All(spans.Values.Where(span => span.Name.StartsWith("fetch ", StringComparison.Ordinal)), span =>
        {
            Assert.InRange(span.Start, spans["fetch"].Start, spans["fetch"].End);
            Assert.InRange(span.End, spans["fetch"].Start, spans["fetch"].End);
        });
        Assert.True(spans["manifest"].End <= spans["fetch"].Start);

        // Nothing is missing in between: one kernel's last step lasts until the other's first moment, and that one's start until user space,
        // when the initramfs's init read the clock that its first line was printed by a moment later.
        Assert.Equal(spans["kexec load"].End, spans["kernel start"].Start);
        OutputLine line = machine.Machine.Console.Lines.Single(
            each => each.Text.Contains("target kernel started", StringComparison.Ordinal));
        string text = line.Text[(line.Text.IndexOf('[', StringComparison.Ordinal) + 1)..line.Text.IndexOf(']', StringComparison.Ordinal)];
        double printed = double.Parse(text, CultureInfo.InvariantCulture);
        Assert.InRange((spans["kernel start"].End - spans["kernel start"].Start) / 1e9, 0.01, printed);
    }

    private void AssertArtifacts(Dictionary<string, ReceivedSpan> spans)
    {
        JsonNode manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(lab.Release, "manifest.json")))!;
        foreach (string kind in (string[])["kernel", "initramfs", "rootfs"])
        {
            JsonNode artifact = manifest["artifacts"]![kind]!;
            ReceivedSpan span = spans[$"fetch {kind}"];
            Assert.Equal((string?)artifact["hash"], span.Attributes["phase.artifact.digest"]);
            Assert.Equal($"{artifact["size"]}", span.Attributes["phase.artifact.size"]);
            Assert.Equal("provider.started", span.Events[0].Name);
            ReceivedEvent delivered = Assert.Single(span.Events, each => each.Name == "provider.delivered");
            Assert.Equal(gateway.UrlForMachines, delivered.Attributes["phase.provider"]);
            Assert.Equal($"{artifact["size"]}", delivered.Attributes["phase.bytes"]);
            Assert.InRange(delivered.At, span.Start, span.End);
        }
    }

    /// <summary>What the gateway did for the agent hangs below the agent's spans, and it was the gateway's own doing.</summary>
    private static void AssertGatewayIsBelow(ReceivedSpan[] spans)
    {
        const int Server = 2;
        ReceivedSpan[] served = [.. spans.Where(span => span.Service == "phase-gateway" && span.Kind == Server)];
        Assert.NotEmpty(served);
        Assert.All(served, span => Assert.Contains(
            spans.Single(each => each.SpanId == span.ParentSpanId).Name,
            (string[])["manifest", "fetch kernel", "fetch initramfs", "fetch rootfs"]));
    }
}
