using System.Text;
using PhaseMesh.BootAgent;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Kexec;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Tests.Commands;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary>
/// The whole agent fails in each phase, in this process but for its kernel, and tells real silos: what an operator then reads in
/// <c>plasmd boot show</c>, with nobody else asked.
/// </summary>
[Collection("Fleet")]
public sealed class ExplainedFailureTests(FleetStorages storages)
{
    /// <param name="Name">What the test is called.</param>
    /// <param name="Stopped">How far it came, in the words of <c>boot show</c>.</param>
    /// <param name="Detail">What must be named: the party at fault, the remedy.</param>
    /// <param name="Step">Of the first thing to do next.</param>
    private sealed record Failure(string Name, int ExitCode, string Reason, string Stopped, string Detail, string Step);

    private static readonly Failure[] Failures =
    [
        new("nobody is known", 3, "no_provider", "while it looked for providers (phase created)", "add phase.provider=", "plasmd provider list"),
        new("refuses connections", 3, "no_provider", "while it asked those it found for the manifest", "refused the connection", "VLAN, route and firewall"),
        new("tampered manifest", 4, "manifest_refused", "while it asked those it found for the manifest", "is not valid", "plasmd manifest verify FILE"),
        new("expired release", 4, "manifest_refused", "while it asked those it found for the manifest", "expired", "--expires 90d"),
        new("bad chunk", 5, "fetch_failed", "while it fetched (phase fetching)", "wrong SHA-256", "plasmd provider quarantine PROVIDER"),
        new("dies on the way", 5, "fetch_failed", "while it fetched (phase fetching)", "http://127.0.0.1:", "plasmd provider drain PROVIDER"),
        new("no room", 7, "storage_failed", "before it fetched (phase manifest)", "Free some space", "give it more"),
        new("no kexec", 6, "kexec_refused", "with everything verified, before the new kernel", "has no kexec_file_load", "The detail says which rule"),
        new("kernel's policy", 6, "kexec_refused", "with everything verified, before the new kernel", "takes only signed kernels", "lockdown"),
        new("stopped", 130, "interrupted", "while it fetched (phase fetching)", "stopped by a signal", "Boot the machine again"),
    ];

    /// <summary>The database makes no difference to the words, so one case is enough for the second one.</summary>
    public static IEnumerable<object[]> Cases { get; } =
        [.. Failures.Select(failure => (object[])[failure.Name, "sqlite"]), ["bad chunk", "postgres"]];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task BootShow_AgentFailed_SaysWhereWhyAndWhatNext(string name, string database)
    {
        Failure expected = Failures.Single(failure => failure.Name == name);
        await using FleetScene fleet = await FleetScene.StartAsync(storages, database, silos: 2);
        using CommandScene scene = new() { Time = TimeProvider.System };
        scene.Variables["PLASM_FLEET"] = fleet.Url().ToString().TrimEnd('/');
        string id = BootApiTests.NewBootId();
        Assert.Equal(expected.ExitCode, (int)await FailAsync(expected.Name, id, fleet.Url()));

        // The silo that heard of it says so at once, the other one within its bound for what others wrote.
        string shown = (await scene.OkAsync("boot", "show", id)).Output;
        AssertExplains(shown, expected, id);
        scene.Variables["PLASM_FLEET"] = fleet.Url(1).ToString().TrimEnd('/');
        await Eventually.IsAsync(async () => (await scene.OkAsync("boot", "show", id)).Output == shown, "the same at the other silo");
    }

    private static void AssertExplains(string shown, Failure expected, string id)
    {
        Assert.Contains($"state:     failed: {expected.Reason}\n", shown, StringComparison.Ordinal);
        Assert.Contains($"stopped:   {expected.Stopped}", shown, StringComparison.Ordinal);
        string detail = shown.Split('\n').Single(line => line.StartsWith("detail:", StringComparison.Ordinal));
        Assert.Contains(expected.Detail, detail, StringComparison.Ordinal);
        string[] steps = [.. shown.Split('\n').SkipWhile(line => line != "what to do next:").Skip(1)
            .TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal))];
        Assert.StartsWith("  1. ", steps[0], StringComparison.Ordinal);
        Assert.Contains(expected.Step, steps[0], StringComparison.Ordinal);
        Assert.DoesNotContain(steps, step => step.Contains("BOOT", StringComparison.Ordinal) || step.Contains("CHANNEL", StringComparison.Ordinal));
        string console = shown[shown.IndexOf("console, of ", StringComparison.Ordinal)..];
        Assert.Contains($"plasmd boot show {id} --log", console, StringComparison.Ordinal);
        Assert.Contains("\n  phase: FAILED: ", console, StringComparison.Ordinal);
    }

    private static async Task<AgentExitCode> FailAsync(string name, string id, Uri silo)
    {
        using TestRelease release = TestRelease.Create(
            new TestReleaseOptions { Expires = name == "expired release" ? DateTimeOffset.UnixEpoch.AddYears(50) : null });
        await using FaultyProvider provider = new(release);
        string[] providers = name switch
        {
            "nobody is known" => [],
            "refuses connections" => [$"http://127.0.0.1:{LoopbackPort.Free()}"],
            _ => [provider.Url],
        };
        using AgentHarness agent = new(release, providers) { FleetLimits = AgentHarness.PatientWithFleet };
        Assert.True(RootUrl.TryParse(silo.ToString().TrimEnd('/'), out RootUrl? url));
        agent.Options = agent.Options with { BootId = id, Fleet = [url], OutputDirectory = name == "no room" ? agent.Output : null };
        using CancellationTokenSource stop = new();
        switch (name)
        {
            case "tampered manifest":
                provider.ManifestBytes = Encoding.UTF8.GetBytes(
                    Encoding.UTF8.GetString(release.Manifest.RawBytes.Span).Replace("quiet", "init=/bin/sh", StringComparison.Ordinal));
                break;
            case "bad chunk":
                (provider.Fault, provider.FaultyArtifact, provider.FaultAt) = (ProviderFault.FlipsByte, ArtifactKind.Rootfs, 700_000);
                break;
            case "dies on the way":
                (provider.Fault, provider.FaultAt) = (ProviderFault.Dies, 700_000);
                break;
            case "no room":
                provider.ManifestBytes = Enormous(release).RawBytes;
                break;
            case "no kexec":
                (agent.Kexec.LoadErrno, agent.Kexec.ToolResult) = (KexecErrors.NoSystemCall, new KexecToolResult(false, 0, ""));
                break;
            case "kernel's policy":
                agent.Kexec.LoadErrno = KexecErrors.NoData;
                break;
            case "stopped":
                provider.BytesPerSecond = 100_000;
                agent.OnText = text =>
                {
                    if (text.Contains("Downloading rootfs", StringComparison.Ordinal))
                    {
                        stop.Cancel();
                    }
                };
                break;
        }

        return await agent.RunAsync(stop.Token);
    }

    /// <summary>Signed, and larger than any disk.</summary>
    private static BootManifest Enormous(TestRelease release) => new ManifestDraft
    {
        Version = "enormous",
        Channel = release.Manifest.Channel,
        Arch = release.Manifest.Arch,
        Release = 8,
        Artifacts =
        [
            .. release.Manifest.Artifacts.Values.Where(artifact => artifact.Kind != ArtifactKind.Rootfs),
            new ManifestArtifact(ArtifactKind.Rootfs, Sha256Digest.Compute("?"u8), 1L << 50, "/rootfs", null),
        ],
    }.Build([release.Key]);
}
