using System.Text.Json;
using System.Text.Json.Nodes;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

/// <summary>Manifests that must not be booted, and providers that cannot deliver one.</summary>
public class ManifestFaultTests
{
    public static TheoryData<ProviderFault, int, string> Faults { get; } = new()
    {
        { ProviderFault.NotFound, (int)AgentExitCode.NoProvider, "has no /manifest.json (status 404)" },
        { ProviderFault.ServerError, (int)AgentExitCode.NoProvider, "with status 500" },
        { ProviderFault.RedirectLoop, (int)AgentExitCode.NoProvider, "redirects more than 3 times" },
        { ProviderFault.RedirectToHttps, (int)AgentExitCode.NoProvider, "only http: is followed" },
        { ProviderFault.SlowHeaders, (int)AgentExitCode.NoProvider, "did not deliver its manifest within 2 s" },
        { ProviderFault.HugeHeaders, (int)AgentExitCode.NoProvider, "more than 16 KiB of headers" },
        { ProviderFault.Gibberish, (int)AgentExitCode.NoProvider, "does not speak HTTP/1.1" },
        { ProviderFault.Truncates, (int)AgentExitCode.NoProvider, "closed the connection before the end" },
        { ProviderFault.Resets, (int)AgentExitCode.NoProvider, "" },
        { ProviderFault.Stalls, (int)AgentExitCode.NoProvider, "did not deliver its manifest within 2 s" },
        { ProviderFault.Drips, (int)AgentExitCode.NoProvider, "did not deliver its manifest within 2 s" },
        { ProviderFault.ShortFile, (int)AgentExitCode.ManifestRefused, "refusing the manifest" },
        { ProviderFault.TooMuch, (int)AgentExitCode.ManifestRefused, "refusing the manifest" },
        { ProviderFault.FlipsByte, (int)AgentExitCode.ManifestRefused, "refusing" },
    };

    /// <summary>For a provider that cannot succeed.</summary>
    private static FetchLimits Impatient { get; } = AgentHarness.ShortLimits with
    {
        ManifestTimeLimit = TimeSpan.FromSeconds(5),
        ManifestAttemptLimit = TimeSpan.FromSeconds(2),
    };

    /// <summary>
    /// For a good provider, which gets all the time it needs; the faulty one only what is left when the good one has answered.
    /// </summary>
    private static FetchLimits Patient { get; } = AgentHarness.ShortLimits with
    {
        ManifestAttemptLimit = TimeSpan.FromSeconds(2),
        ManifestGrace = TimeSpan.FromSeconds(0.5),
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task RunAsync_OnlyThatProvider_RefusesAndNamesIt(ProviderFault fault, int code, string what)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider faulty = new(release, fault) { FaultIsInManifest = true, FaultAt = 100 };
        using AgentHarness agent = new(release, faulty.Url) { Limits = Impatient };

        await agent.ExpectFailureAsync((AgentExitCode)code);

        Assert.Contains(faulty.Url, agent.Text[agent.Text.IndexOf("phase: FAILED", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Contains(what, agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, faulty.ArtifactBytes);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task RunAsync_AGoodProviderBeside_SucceedsAndNamesTheFaultyOne(ProviderFault fault, int code, string what)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider faulty = new(release, fault) { FaultIsInManifest = true, FaultAt = 100 };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, faulty.Url, good.Url) { Limits = Patient };

        await agent.ExpectSuccessAsync();

        Assert.NotEqual((int)AgentExitCode.Ok, code);
        Assert.Contains($"WARNING: {faulty.Url} is not used: ", agent.Text, StringComparison.Ordinal);
        Assert.True(agent.Text.Contains(what, StringComparison.Ordinal)
            || agent.Text.Contains("did not answer in time", StringComparison.Ordinal), agent.Text);
        Assert.Equal(0, faulty.ArtifactBytes);
    }

    [Fact]
    public async Task RunAsync_EachFieldTampered_RefusesEveryOne()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions
        {
            Created = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            Expires = new DateTimeOffset(2999, 1, 1, 0, 0, 0, TimeSpan.Zero),
        });
        await using FaultyProvider provider = new(release);
        List<(string Path, byte[] Bytes)> tampered = [.. Tamperings(release.Manifest)];
        Assert.True(tampered.Count > 40, $"Only {tampered.Count} fields were found.");
        foreach ((string path, byte[] bytes) in tampered)
        {
            provider.ManifestBytes = bytes;
            using AgentHarness agent = new(release, provider.Url);

            AgentExitCode code = await agent.RunAsync();

            Assert.True(code == AgentExitCode.ManifestRefused, $"{path}: exit code {code}\n{agent.Text}");
            Assert.Contains($"phase: FAILED: manifest from {provider.Url}: ", agent.Text, StringComparison.Ordinal);
            Assert.False(Directory.Exists(agent.Output));
        }

        Assert.Equal(0, provider.ArtifactBytes);
    }

    [Fact]
    public async Task RunAsync_ChunkTamperedBesideAGoodProvider_SucceedsFromTheGoodOne()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider faulty = new(release)
        {
            ManifestBytes = Tamperings(release.Manifest).First(each => each.Path.Contains("chunks", StringComparison.Ordinal)).Bytes,
        };
        await using FaultyProvider good = new(release);
        using AgentHarness agent = new(release, faulty.Url, good.Url);

        await agent.ExpectSuccessAsync();

        Assert.Contains($"WARNING: {faulty.Url} is not used: ", agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, faulty.ArtifactBytes);
    }

    [Fact]
    public async Task RunAsync_Unsigned_SaysHowToSign() =>
        await ExpectRefusalAsync(new TestReleaseOptions { IsSigned = false }, "no signature", "plasmd manifest sign");

    [Fact]
    public async Task RunAsync_SignedByAStranger_NamesTheStrangerAndTheTrustedKeys()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { KeySeed = 1 });
        using TestRelease trusted = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = new(release, provider.Url);
        agent.Options = agent.Options with { TrustedKeys = [trusted.Key.PublicKey] };

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);

        Assert.Contains($"signed by {release.Key.PublicKey.KeyId}", agent.Text, StringComparison.Ordinal);
        Assert.Contains($"This machine trusts {trusted.Key.PublicKey.KeyId}: add phase.trust=", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_WrongArch_SaysWhichIsWanted() =>
        await ExpectRefusalAsync(new TestReleaseOptions { Arch = MachineArch.Arm64 }, "for arm64, expected x86_64", "phase.arch");

    [Fact]
    public async Task RunAsync_WrongChannel_SaysWhichIsWanted() =>
        await ExpectRefusalAsync(new TestReleaseOptions { Channel = ReleaseChannelName.Parse("testing") },
            "for channel testing, expected stable", "phase.channel");

    [Fact]
    public async Task RunAsync_Expired_SaysWhen() => await ExpectRefusalAsync(
        new TestReleaseOptions { Expires = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero) }, "expired at 2020-01-01",
            "Sign a newer release");

    [Fact]
    public async Task RunAsync_HugeManifest_IsNotReadToItsEnd()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release) { ManifestBytes = new byte[BootManifest.MaxBytes + 1] };
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains("sends a manifest of more than 1048576 bytes", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NobodyListens_RetriesUntilTheLimitAndSaysSo()
    {
        using TestRelease release = TestRelease.Create();
        FaultyProvider gone = new(release);
        await gone.DisposeAsync();
        using AgentHarness agent = new(release, gone.Url) { Limits = Impatient };

        await agent.ExpectFailureAsync(AgentExitCode.NoProvider);

        Assert.Contains($"{gone.Url} refused the connection", agent.Text, StringComparison.Ordinal);
    }

    private static async Task ExpectRefusalAsync(TestReleaseOptions options, string reason, string remedy)
    {
        using TestRelease release = TestRelease.Create(options);
        await using FaultyProvider provider = new(release) { HasChannels = false };
        using AgentHarness agent = new(release, provider.Url);

        await agent.ExpectFailureAsync(AgentExitCode.ManifestRefused);

        Assert.Contains($"phase: FAILED: manifest from {provider.Url}: ", agent.Text, StringComparison.Ordinal);
        Assert.Contains(reason, agent.Text, StringComparison.Ordinal);
        Assert.Contains(remedy, agent.Text, StringComparison.Ordinal);
        Assert.Equal(0, provider.ArtifactBytes);
    }

    /// <summary>Each value of the document changed, each field left out, and a field added; all else as it was.</summary>
    private static IEnumerable<(string Path, byte[] Bytes)> Tamperings(BootManifest manifest)
    {
        JsonNode Fresh() => JsonNode.Parse(manifest.RawBytes.Span)!;
        byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node);
        foreach (string[] path in Leaves(Fresh(), []))
        {
            JsonNode changed = Fresh();
            (JsonNode parent, string name) = Find(changed, path);
            JsonNode leaf = Child(parent, name);
            JsonNode value = leaf.GetValueKind() == JsonValueKind.Number
                ? JsonValue.Create(leaf.GetValue<long>() + 1)
                : JsonValue.Create(Changed(leaf.GetValue<string>()));
            Set(parent, name, value);
            yield return ($"changed {string.Join('.', path)}", Bytes(changed));
            if (parent is JsonObject)
            {
                JsonNode without = Fresh();
                (JsonNode owner, string gone) = Find(without, path);
                owner.AsObject().Remove(gone);
                yield return ($"removed {string.Join('.', path)}", Bytes(without));
            }
        }

        JsonNode added = Fresh();
        added["note"] = "not signed";
        yield return ("added note", Bytes(added));
        JsonNode bare = Fresh();
        bare["signatures"] = new JsonArray();
        yield return ("removed the signatures", Bytes(bare));
    }

    private static string Changed(string text)
    {
        char last = text[^1];
        // Base64 padding can't change alone; the character before carries bits.
        int at = last == '=' ? text.Length - 4 : text.Length - 1;
        return text[..at] + (text[at] == '1' ? '2' : '1') + text[(at + 1)..];
    }

    private static IEnumerable<string[]> Leaves(JsonNode node, string[] path) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Leaves(field.Value!, [.. path, field.Key])),
        JsonArray items => items.SelectMany((item, index) => Leaves(item!, [.. path, $"{index}"])),
        _ => [path],
    };

    private static (JsonNode Parent, string Name) Find(JsonNode root, string[] path)
    {
        JsonNode node = root;
        foreach (string step in path[..^1])
        {
            node = Child(node, step);
        }

        return (node, path[^1]);
    }

    private static JsonNode Child(JsonNode node, string step) =>
        node is JsonArray items ? items[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;

    private static void Set(JsonNode node, string step, JsonNode value)
    {
        if (node is JsonArray items)
        {
            items[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] = value;
        }
        else
        {
            node[step] = value;
        }
    }
}
