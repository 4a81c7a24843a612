using System.Globalization;
using System.Text.Json.Nodes;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;
using PhaseMesh.TestKit.Tracing;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>The agent of the boot image and the node of the release, as processes of this host, with real silos.</summary>
public sealed class AgentWithSilosTests : IAsyncLifetime
{
    private const int Error = 2;

    private static readonly TimeSpan Limit = QemuMachine.BootLimit;

    private readonly TestRelease _release = TestRelease.Create(new TestReleaseOptions { RootfsBytes = 3_000_000 });
    private BootLab _lab = null!;
    private FleetLab _fleet = null!;

    public async Task InitializeAsync()
    {
        _lab = await BootLab.CreateAsync();
        _fleet = await FleetLab.StartAsync(_lab);
        string manifest = _lab.PathOf("test-manifest.json");
        await File.WriteAllBytesAsync(manifest, _release.Manifest.RawBytes.ToArray());
        await _fleet.RunAsync("channel", "trust", FleetLab.Channel, "--trust", _release.Key.PublicKey.KeyId);
        await _fleet.RunAsync("channel", "publish", FleetLab.Channel, manifest);
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _lab.DisposeAsync();
        _release.Dispose();
    }

    [Fact]
    public async Task Agent_ItsSiloDiesMidDownload_TellsTheOtherAndTheNodeGetsInByTheTicketOnce()
    {
        string id = FleetLab.NewBootId();
        await using FaultyProvider provider = new(_release) { BytesPerSecond = 100_000 };
        await using ChildProcess agent = Boot(id, provider.Url);
        await _fleet.WaitForAsync(boots => boots.AsArray().Any(boot => Text(boot, "phase") == "fetching"), "boot", "list");
        await _fleet.Silos[0].KillAsync();
        provider.BytesPerSecond = null;
        Assert.True(await agent.WaitForExitAsync(Limit) == 0, agent.Tail());

        JsonNode boot = await _fleet.RunForJsonAsync("boot", "show", id);
        Assert.Equal((string[])["created", "discovered", "manifest", "fetching", "verified"], Phases(boot));
        Assert.Equal(("running", 7), (Text(boot, "outcome"), (int)boot["release"]!));
        Assert.Equal(_release.Manifest.Digest.ToString(), Text(boot, "manifest"));
        Assert.Equal(((long)boot["bytes_total"]!, 3_500_003), ((long)boot["bytes_fetched"]!, (long)boot["bytes_total"]!));
        Assert.Equal([provider.Url], boot["sources"]!.AsArray().Select(source => (string?)source));
        DateTimeOffset[] told = [.. boot["phases"]!.AsArray().Skip(1).Select(phase => (DateTimeOffset)phase!["at"]!)];
        Assert.Equal(told.Order(), told);

        // On a host the boot ends with the files; that its silo died cost no span.
        IReadOnlyList<ReceivedSpan> trace = await TraceAsync(id);
        Assert.Equal(
            ["boot", "discovery", "discovery command line", "fetch", "fetch initramfs", "fetch kernel", "fetch rootfs", "manifest",
                "network", "verify"],
            trace.Select(span => span.Name).Order());
        Assert.All(trace, span => Assert.Equal((id, 0), (span.TraceId, span.StatusCode)));
        Assert.All(trace, span => Assert.InRange(span.End, span.Start, trace.Single(each => each.ParentSpanId is "").End));

        // What the next kernel would be told makes the node of this boot, and of no second one.
        string commandLine = await File.ReadAllTextAsync(Path.Combine(Output(id), "cmdline"));
        Dictionary<string, string> environment = new()
        {
            ["PLASM_FLEET"] = string.Join(',', _fleet.Silos.Select(silo => silo.Url)),
            ["PLASM_BOOT_ID"] = Parameter(commandLine, "phase.boot_id"),
            ["PLASM_BOOT_TICKET"] = Parameter(commandLine, "phase.ticket"),
        };
        await using PlasmdProcess node = await _lab.StartProviderAsync("node", Output(id), environment);
        await node.Console.WaitForLineAsync($"Boot {id} was reported to the fleet as joined", Limit);
        await using PlasmdProcess second = await _lab.StartProviderAsync("second node", Output(id), environment);
        await second.Console.WaitForLineAsync("was used by another provider", Limit);

        boot = await _fleet.RunForJsonAsync("boot", "show", id);
        Assert.Equal(("joined", "joined"), (Text(boot, "outcome"), Phases(boot).Last()));
        JsonNode? member = Assert.Single((await _fleet.RunForJsonAsync("provider", "list", "--state", "serving")).AsArray());
        Assert.Equal((Text(boot, "provider"), id), (Text(member, "key"), Text(member, "admission_reference")));
        Assert.DoesNotContain(agent.Lines.Concat(node.Console.Lines), line => line.Text.Contains("pt1-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agent_IsOfferedAStrangersManifest_TheFleetKnowsWhy()
    {
        string id = FleetLab.NewBootId();
        using TestRelease strangers = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider provider = new(strangers);
        await using ChildProcess agent = Boot(id, provider.Url);

        const int ManifestRefused = 4;
        Assert.Equal(ManifestRefused, await agent.WaitForExitAsync(Limit));

        JsonNode boot = await _fleet.RunForJsonAsync("boot", "show", id);
        Assert.Equal(("failed", "manifest_refused"), (Text(boot, "outcome"), Text(boot, "reason")));
        Assert.Contains($"signed by {strangers.Key.PublicKey.KeyId}", Text(boot, "detail"), StringComparison.Ordinal);
        Assert.Equal((string[])["created", "discovered", "failed"], Phases(boot));
        Assert.Contains("what to do next:\n  1. Signed by a stranger: ", await _fleet.RunAsync("boot", "show", id), StringComparison.Ordinal);
        Assert.Contains("phase: FAILED: ", await _fleet.RunAsync("boot", "show", id, "--log"), StringComparison.Ordinal);
        ReceivedSpan[] failed = [.. (await TraceAsync(id)).Where(span => span.StatusCode == Error)];
        Assert.Equal(["boot", "manifest"], failed.Select(span => span.Name).Order());
        Assert.All(failed, span => Assert.Contains(
            $"signed by {strangers.Key.PublicKey.KeyId}", span.StatusMessage, StringComparison.Ordinal));
        string listed = await _fleet.RunAsync("boot", "list", "--state", "failed");
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{id}  failed: manifest_refused"), listed, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<ReceivedSpan>> TraceAsync(string id)
    {
        using HttpClient client = new() { Timeout = Limit };
        return OtlpJson.SpansOf(await client.GetByteArrayAsync(new Uri(_fleet.Silos[^1].Url, $"/v1/boots/{id}/spans")));
    }

    private ChildProcess Boot(string id, string provider) => ChildProcess.Start(
        "phase-agent",
        Repository.PathOf("artifacts", "agent", "phase-agent"),
        [
            "--no-kexec", "--output", Output(id), "--arch", "x86_64", "--trust", _release.Key.PublicKey.KeyId, "--provider", provider,
            "--fleet", string.Join(',', _fleet.Silos.Select(silo => silo.Url)), "--boot-id", id,
        ]);

    private string Output(string id) => _lab.PathOf("booted-" + id);

    private static string Parameter(string commandLine, string name) => commandLine.Split(' ', '\n')
        .Single(word => word.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static IEnumerable<string?> Phases(JsonNode boot) => boot["phases"]!.AsArray().Select(phase => Text(phase, "phase"));

    private static string? Text(JsonNode? json, string name) => (string?)json![name];
}
