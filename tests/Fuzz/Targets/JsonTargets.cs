using System.Text;
using System.Text.Json;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Fuzz.Tests.Targets;

/// <summary>Readers of JSON that others wrote: manifests, pointers, what a fleet answers.</summary>
internal static class JsonTargets
{
    private const string TraceId = "00112233445566778899aabbccddeeff";

    private static readonly Ed25519PrivateKey NodeKey = Ed25519PrivateKey.FromSeed(new byte[32]);
    private static readonly TrustPolicy Trust = new([NodeKey.PublicKey]);
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly BootManifest SignedManifest = Sign();
    private static readonly string[] JsonTokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "true", "-1", "1e400", "9007199254740993", "/*", "\uFEFF",
        "1e-400", "//", "\"signatures\":[],", "\"chunks\":[],", "[[[[[[[[[[[[[[[[", "sha256:", "\"\":{},",
    ];

    public static FuzzTarget[] All { get; } =
    [
        FuzzTarget.Of("manifest", ManifestSeeds, Manifest, rounds: 20_000, tokens: JsonTokens),
        FuzzTarget.Of("pointer", PointerSeeds, Pointers, rounds: 4000, tokens: JsonTokens),
        FuzzTarget.Of("fleet-answer", FleetAnswerSeeds, FleetAnswers, rounds: 4000, tokens: [.. JsonTokens, "ticket", "current", "manifest"]),
        FuzzTarget.Of(
            "trace", TraceSeeds, Traces, rounds: 4000, tokens: [.. JsonTokens, "\"attributes\":[],", "\"events\":[],", "endTimeUnixNano"]),
    ];

    private static bool Manifest(byte[] input)
    {
        if (!BootManifest.TryParse(input, out BootManifest? manifest, out ManifestFormatException? refused))
        {
            Assert.InRange(refused.Message.Length, 1, 600);
            return false;
        }
        Assert.Equal(input, manifest.RawBytes.ToArray());
        AssertSecondOpinion(manifest);
        byte[] canonical = manifest.SignedBytes.ToArray();
        Assert.Equal(canonical, CanonicalJson.Serialize(StrictJsonReader.Read(canonical)));
        BootManifest again = BootManifest.Parse(canonical);
        Assert.Equal(
            (manifest.Version, manifest.Channel, manifest.Arch, manifest.Release),
            (again.Version, again.Channel, again.Arch, again.Release));
        Assert.Equal(canonical, again.SignedBytes.ToArray());
        if (ManifestVerifier.Verify(manifest, Trust, new ManifestExpectation()).IsTrusted)
        {
            Assert.Equal(SignedManifest.SignedBytes.ToArray(), canonical); // Only white space and spelling may differ.
        }
        return true;
    }

    // Another reader finds the same.
    private static void AssertSecondOpinion(BootManifest manifest)
    {
        using JsonDocument document = JsonDocument.Parse(manifest.RawBytes);
        JsonElement root = document.RootElement;
        Assert.Equal(root.GetProperty("version").GetString(), manifest.Version);
        foreach ((ArtifactKind kind, ManifestArtifact artifact) in manifest.Artifacts)
        {
            JsonElement fields = root.GetProperty("artifacts").GetProperty(kind.Name());
            Assert.Equal(fields.GetProperty("hash").GetString(), artifact.Digest.ToString());
            Assert.Equal(fields.GetProperty("size").GetDouble(), artifact.SizeBytes);
            Assert.Equal(fields.TryGetProperty("chunks", out JsonElement chunks) ? chunks.GetArrayLength() : 0, artifact.Chunks?.Count ?? 0);
        }
    }

    // Nothing but what the key signed is accepted, and it is signed again to the same bytes.
    private static bool Pointers(byte[] input)
    {
        if (!ManifestPointer.TryRead(input, out ManifestPointer? pointer, out string? problem))
        {
            Assert.InRange(problem.Length, 1, 600);
            Assert.DoesNotContain(problem, char.IsControl);
            return false;
        }
        byte[] written = pointer.Sign(NodeKey);
        Assert.True(ManifestPointer.TryRead(written, out ManifestPointer? again, out problem), problem);
        Assert.Equal(pointer.Key, again.Key);
        Assert.Contains(PointerSeeds(), seed => seed.AsSpan().SequenceEqual(written));
        return true;
    }

    // What goes onto a kernel's command line has no letter that ends a parameter there.
    private static bool FleetAnswers(byte[] input)
    {
        if (!FleetAnswer.TryRead(input, out FleetAnswer? answer))
        {
            return false;
        }
        Assert.Matches("^[A-Za-z0-9._-]{1,128}$", answer.Ticket ?? "none");
        Assert.InRange(answer.Current?.Release ?? 0, 0, long.MaxValue);
        Assert.DoesNotContain(answer.Ticket ?? "none", answer.ToString(), StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(input);
        Assert.Equal(document.RootElement.TryGetProperty("ticket", out JsonElement ticket) ? ticket.GetString() : null, answer.Ticket);
        return true;
    }

    // What was read is written and read to the same, and what it says of ids and counts is what another reader finds.
    private static bool Traces(byte[] input)
    {
        if (!TraceReader.TryRead(input, TraceId, out IReadOnlyList<TraceSpans>? sources, out string problem))
        {
            Assert.InRange(problem.Length, 1, 600);
            return false;
        }
        using JsonDocument document = JsonDocument.Parse(input);
        Assert.Equal(
            document.RootElement.GetProperty("resourceSpans").EnumerateArray()
                .SelectMany(each => each.GetProperty("scopeSpans").EnumerateArray())
                .SelectMany(scope => scope.GetProperty("spans").EnumerateArray()).Select(span => span.GetProperty("spanId").GetString()),
            sources.SelectMany(source => source.Spans).Select(span => span.Id));
        byte[] written = TraceWriter.Write(TraceId, sources);
        Assert.True(TraceReader.TryRead(written, TraceId, out sources, out problem) || written.Length > TraceLimits.MaxBytes, problem);
        return true;
    }

    private static IEnumerable<byte[]> TraceSeeds()
    {
        TraceSpan boot = new()
        {
            Id = TraceSpan.RootOf(TraceId),
            Name = "boot",
            Start = Noon,
            Attributes = [TraceTag.Of("phase.release", 7)],
        };
        TraceSpan fetch = new()
        {
            Id = "00000000000000ff",
            Parent = boot.Id,
            Name = "fetch",
            Start = Noon,
            End = Noon.AddSeconds(1),
            Attributes = [TraceTag.Of("a", "b"), TraceTag.Of("c", true), TraceTag.Of("d", 0.5)],
            Events = [new TraceEvent("provider.failed", Noon, [TraceTag.Of("phase.reason", "why")])],
            Error = "why",
        };
        return
        [
            TraceWriter.Write(TraceId, [new TraceSpans(new TraceSource("phase-agent", "1", "node"), [boot, fetch])]),
            TraceWriter.Write(TraceId, []),
            "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[{\"traceId\":\"\\ud800\"}]}]}]}"u8.ToArray(),
        ];
    }

    private static IEnumerable<byte[]> ManifestSeeds() =>
        [SignedManifest.RawBytes.ToArray(), SignedManifest.SignedBytes.ToArray(), "{\"version\":\"\\ud800\"}"u8.ToArray()];

    private static BootManifest Sign()
    {
        ManifestArtifact kernel = new(ArtifactKind.Kernel, Sha256Digest.Compute("kernel"u8), 200_000, "/kernel", new ChunkTable(
            200_000, 65_536, [.. Enumerable.Range(0, 4).Select(static index => Sha256Digest.Compute([(byte)index]))]));
        ManifestArtifact initramfs = new(ArtifactKind.Initramfs, Sha256Digest.Compute("initramfs"u8), 4_194_305, "/initramfs", null);
        ManifestDraft draft = new()
        {
            Version = "2026.11.21",
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            Release = 42,
            Created = Noon,
            Expires = Noon.AddDays(30),
            CommandLine = "console=ttyS0 quiet",
            Artifacts = [kernel, initramfs],
        };
        return draft.Build([NodeKey]);
    }

    private static IEnumerable<byte[]> PointerSeeds()
    {
        ManifestPointer pointer = new()
        {
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            Release = 7,
            ManifestDigest = Sha256Digest.Compute("manifest"u8),
            Urls = [new Uri("http://192.0.2.1:8080/manifest.json"), new Uri("https://boot.example/m.json")],
            Node = NodeKey.PublicKey,
            Expires = Noon,
        };
        return [pointer.Sign(NodeKey), (pointer with { Release = null, Urls = [pointer.Urls[0]] }).Sign(NodeKey)];
    }

    private static IEnumerable<byte[]> FleetAnswerSeeds() => new[]
    {
        $$$"""{"boot_id":"b","ticket":"pt1-AbC_9.z","current":{"manifest":"{{{Sha256Digest.Compute("manifest"u8)}}}","release":7}}""",
        """{"ticket":null,"current":null,"more":[1,{"x":"\ud83d\ude00"}]}""",
        """{"ticket":"a b"}""",
        """{"current":{"manifest":"sha256:00"}}""",
    }.Select(Encoding.UTF8.GetBytes);
}
