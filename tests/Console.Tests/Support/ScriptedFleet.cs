using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>A gateway before a <see cref="ScriptedSilo"/> that tells of a fleet of three sites.</summary>
internal sealed class ScriptedFleet : IAsyncDisposable
{
    private const long MiB = 1 << 20;
    private readonly ReleaseDirectory _directory = new();
    private readonly TestRelease _release = TestRelease.Create();
    private GatewayScene? _gateway;

    public ScriptedSilo Silo { get; private set; } = null!;

    public Uri Gateway => _gateway!.Url;

    public string Kernel => _release.Manifest.Artifacts[ArtifactKind.Kernel].Digest.ToString();

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static async Task<ScriptedFleet> StartAsync()
    {
        ScriptedFleet fleet = new() { Silo = await ScriptedSilo.StartAsync() };
        fleet.Script();
        fleet._gateway = await GatewayScene.StartAsync(
            fleet._directory, fleet._release, [], options => options with { Silos = [fleet.Silo.Url] });
        await fleet._gateway.ReadyAsync();
        return fleet;
    }

    public static string Key(int number) => $"ed25519:{number:x4}{string.Concat(Enumerable.Repeat("c0ffee5a", 8))[..60]}";

    public static string BootId(int number) => $"{number:x8}{string.Concat(Enumerable.Repeat("b007", 6))}";

    /// <summary>Boots in every phase and with every outcome.</summary>
    public void PutBoots()
    {
        (string Phase, string Outcome)[] stories =
        [
            ("fetching", "running"), ("joined", "joined"), ("discovered", "running"), ("fetching", "running"), ("kexec", "running"),
            ("joined", "joined"), ("manifest", "running"), ("verified", "running"), ("fetching", "running"), ("created", "running"),
            ("joined", "joined"), ("fetching", "running"), ("joined", "joined"),
        ];
        for (int number = 0; number < 64; number++)
        {
            (string phase, string outcome) = stories[number % stories.Length];
            bool hasFailed = number % 16 == 5;
            bool fetches = hasFailed || phase is "fetching" or "verified" or "kexec" or "joined";
            Silo.Put(new ScriptedBoot(BootId(number))
            {
                Phase = hasFailed ? "failed" : phase,
                Outcome = hasFailed ? "failed" : outcome,
                IsStuck = number is 3 or 29,
                MachineId = $"{(number % 3 == 0 ? "ber" : number % 3 == 1 ? "muc" : "fra")}-rack{number % 4 + 1}-node{number:00}",
                Channel = number % 7 == 0 ? "testing" : "stable",
                Release = number % 7 == 0 ? 44 : 42,
                CreatedAt = Now.AddSeconds(-8 - (number * 5.3)),
                UpdatedAt = Now.AddSeconds(number is 3 or 29 ? -95 : -1 - (number % 5)),
                BytesTotal = fetches ? 412 * MiB : 0,
                BytesFetched = phase is "fetching" || hasFailed ? (57 + (number * 23 % 340)) * MiB : fetches ? 412 * MiB : 0,
                BytesPerSecond = phase is "fetching" && number is not (3 or 29) ? (38 + (number * 7 % 60)) * MiB : 0,
                Found = [Key(1), "http://10.20.0.4:8080"],
                Sources = fetches ? [Key(1 + (number % 9)), "http://10.20.0.4:8080"] : [],
                Reason = hasFailed ? (number % 32 == 5 ? "fetch_failed" : "manifest_refused") : null,
                Detail = !hasFailed ? null : number % 32 == 5
                    ? "rootfs: chunk 57 of 412: 10.20.0.4 stalled (0 B in 5 s), 10.20.0.5: connection refused; no other provider has it."
                    : "release 41 is older than trusted 42; refusing rollback.",
                Provider = outcome == "joined" && !hasFailed ? Key(20 + number) : null,
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Silo.DisposeAsync();
        _release.Dispose();
        _directory.Dispose();
    }

    private void Script()
    {
        BootManifest manifest = _release.Manifest;
        string[] replicas = [.. manifest.Artifacts.Values.Select(artifact => artifact.Digest.ToString())];
        object[] providers = [.. Enumerable.Range(1, 34).Select(number => ScriptedProvider.Of(number, replicas))];
        Silo.Snapshot = new
        {
            version = 2,
            taken_at = Now,
            releases = new[]
            {
                new { channel = "stable", arch = "x86_64", manifest_base64 = Convert.ToBase64String(manifest.RawBytes.Span) },
            },
            staged = Array.Empty<object>(),
            providers,
        };
        Silo.Answers["/v1/providers"] = new { providers, next = (string?)null };
        Silo.Answers["/v1/channels"] = new { channels = ScriptedChannels.All(manifest), next = (string?)null };
        Silo.Answers["/v1/channels/edge/x86_64"] = ScriptedChannels.All(manifest)[0];
        Silo.Answers[$"/v1/manifests/{manifest.Digest}"] = manifest.RawBytes.ToArray();
        Silo.Answers["/v1/channels/stable/x86_64/history"] = new { releases = ScriptedChannels.History(manifest) };
        Silo.Answers["/v1/boots/counts"] = new
        {
            total = 1204,
            by_phase = new { },
            by_outcome = new { running = 61, joined = 1121, failed = 17, lost = 5 },
            by_reason = new { },
        };
        Silo.Answers["/v1/cluster"] = new
        {
            answered_by = "silo1",
            grains_in_memory = 5120,
            silos = new[]
            {
                Member("silo1", "active", "http://10.20.0.2:8080", hours: 51, 9.4),
                Member("silo2", "active", "http://10.20.0.3:8080", hours: 2, 8.1),
                Member("silo3", "lost", "http://10.30.0.2:8080", hours: 70, -170),
            },
        };
        Silo.Answers["/v1/artifacts"] = new
        {
            artifacts = new[]
            {
                Artifact(replicas[0], "kernel", 14 * MiB, live: 1), Artifact(replicas[1], "initramfs", 61 * MiB, live: 0),
            },
            next = (string?)null,
        };
        Silo.Answers["/v1/fleet"] = new
        {
            policy = "ticket",
            operators = new[] { new { key = Key(900), name = "night shift", added_at = Now, added_by = Key(901) } },
            configured_operators = new[] { Key(901) },
        };
    }

    private static object Member(string name, string status, string address, int hours, double lease) => new
    {
        name,
        generation = 4,
        status,
        address,
        version = "0.1.0",
        started_at = Now.AddHours(-hours),
        last_seen_at = Now.AddSeconds(Math.Min(0, lease)),
        lease_seconds = lease,
    };

    private static object Artifact(string digest, string kind, long size, int live) => new
    {
        digest,
        kind,
        size_bytes = size,
        channels = new[] { "testing/x86_64" },
        replicas_wanted = 3,
        replicas_live = live,
    };
}
