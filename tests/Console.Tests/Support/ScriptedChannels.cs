using PhaseMesh.Manifests;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>Channels that roll out, are paused, halted, and done, as <c>/v1/channels</c> shows them.</summary>
internal static class ScriptedChannels
{
    public static object[] All(BootManifest manifest) =>
    [
        Channel("edge", 9, manifest, 100),
        Channel("lab", 31, manifest, 50,
            haltReason: "14 of 60 boots failed or were lost (23.3 %), allowed are 10.0 %; machines get release 30 again."),
        Channel("stable", 42, manifest, 25, settled: Release(41, "2026.10.02", manifest)),
        Channel("testing", 44, manifest, 100, isPaused: true, settled: Release(43, "2026.11.14", manifest)),
    ];

    /// <summary>One channel whose texts are all this one.</summary>
    public static object[] Named(string text)
    {
        System.Text.Json.Nodes.JsonNode channel = System.Text.Json.JsonSerializer.SerializeToNode(
            Channel("stable", 1, TestKit.FaultyProviders.TestRelease.Create().Manifest, 50, haltReason: text), ScriptedSilo.Json)!;
        channel["current"]!["version"] = text;
        channel["current"]!["repeats"] = text;
        channel["current"]!["published_by"] = text;
        return [channel];
    }

    public static object[] History(BootManifest manifest) =>
    [
        Release(42, "2026.11.21", manifest, "promoted", "testing"), Release(41, "2026.10.02", manifest),
        Release(40, "2026.09.28", manifest, "rolled_back", "38"), Release(39, "2026.09.27", manifest), Release(38, "2026.08.30", manifest),
    ];

    private static object Channel(
        string name, long release, BootManifest manifest, int percent, bool isPaused = false, string? haltReason = null,
        object? settled = null) => new
        {
            channel = name,
            arch = "x86_64",
            current = name == "stable"
                ? Release(release, "2026.11.21", manifest, "promoted", "testing")
                : Release(release, "2026.11.21", manifest),
            settled,
            rollout = new
            {
                release,
                percent,
                is_paused = isPaused,
                is_halted = haltReason is not null,
                halt_reason = haltReason,
                halted_at = haltReason is null ? null : (DateTimeOffset?)ScriptedFleet.Now.AddMinutes(-12),
                halt_failure_rate = 0.1,
                minimum_boots = 20,
                counted_from = ScriptedFleet.Now.AddHours(-3),
                changed_at = ScriptedFleet.Now.AddHours(-1),
                changed_by = ScriptedFleet.Key(901),
            },
            trusted_keys = Array.Empty<string>(),
        };

    private static object Release(
        long release, string version, BootManifest manifest, string origin = "published", string? repeats = null) => new
        {
            release,
            version,
            manifest = manifest.Digest.ToString(),
            manifest_bytes = manifest.RawBytes.Length,
            artifacts = manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind).Select(artifact => new
            {
                kind = artifact.Kind.ToString().ToLowerInvariant(),
                digest = artifact.Digest.ToString(),
                size_bytes = artifact.SizeBytes,
            }),
            signers = Array.Empty<string>(),
            published_at = ScriptedFleet.Now.AddHours(-3).AddDays(release - 44),
            published_by = ScriptedFleet.Key(901),
            origin,
            repeats,
            expires = (DateTimeOffset?)ScriptedFleet.Now.AddDays(60),
        };
}
