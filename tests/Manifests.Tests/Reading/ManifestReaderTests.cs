using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Tests.Reading;

public class ManifestReaderTests
{
    [Fact]
    public void Parse_MissionExample_IsReadAsIs()
    {
        BootManifest manifest = TestManifests.Parse(TestManifests.Plain);

        Assert.Equal("2025.11.26", manifest.Version);
        Assert.Equal(1, manifest.ManifestVersion);
        Assert.Equal("stable", manifest.Channel.ToString());
        Assert.Equal(MachineArch.Arm64, manifest.Arch);
        Assert.Equal(8_388_608, manifest.Artifacts[ArtifactKind.Kernel].SizeBytes);
        Assert.Equal("/initramfs", manifest.Artifacts[ArtifactKind.Initramfs].Path);
        Assert.Equal(2, manifest.Artifacts.Count);
        Assert.Empty(manifest.Signatures);
        Assert.Null(manifest.Release);
        Assert.Equal(TestManifests.Plain, TestManifests.Text(manifest));
        Assert.Equal(Sha256Digest.Compute(manifest.RawBytes.Span), manifest.Digest);
    }

    [Fact]
    public void Parse_EverythingADraftSays_ComesBack()
    {
        BootManifest manifest = TestManifests.Signed();

        Assert.Equal(42, manifest.Release);
        Assert.Equal(TestManifests.Created, manifest.Created);
        Assert.Equal(TestManifests.Expires, manifest.Expires);
        Assert.Equal("console=ttyS0 quiet", manifest.CommandLine);
        ChunkTable chunks = manifest.Artifacts[ArtifactKind.Initramfs].Chunks!;
        Assert.Equal((5, 1 << 20), (chunks.Count, chunks.ChunkSizeBytes));
        Assert.Equal((4L << 20, 1), chunks.RangeOf(4));
        Assert.Equal(TestManifests.DigestOf("Initramfs 4"), chunks[4]);
    }

    [Fact]
    public void Parse_CallersBufferChangesAfterwards_ManifestDoesNot()
    {
        byte[] buffer = TestManifests.Signed().RawBytes.ToArray();
        BootManifest manifest = BootManifest.Parse(buffer);
        buffer.AsSpan().Clear();
        Assert.Equal(Sha256Digest.Compute(manifest.RawBytes.Span), manifest.Digest);
    }

    [Theory]
    [InlineData("amd64", "x86_64")]
    [InlineData("x86_64", "x86_64")]
    [InlineData("aarch64", "arm64")]
    [InlineData("arm64", "arm64")]
    public void Parse_ArchAliases_AreRead(string written, string arch) =>
        Assert.Equal(arch, TestManifests.Parse(With("arch", written)).Arch.ToString());

    [Theory]
    [InlineData("version", "null", "printable")]
    [InlineData("version", "\"\"", "1 to 128")]
    [InlineData("version", "\"1\\n2\"", "printable")]
    [InlineData("version", "7", "found 7")]
    [InlineData("manifest_version", "2", "expected 1, found 2")]
    [InlineData("manifest_version", "\"1\"", "expected 1, found '1'")]
    [InlineData("channel", "\"Stable\"", "a-z")]
    [InlineData("channel", "\"../etc\"", "a-z")]
    [InlineData("arch", "\"riscv64\"", "x86_64")]
    [InlineData("release", "-1", "0 to 9007199254740991")]
    [InlineData("release", "1.5", "whole number")]
    [InlineData("release", "null", "whole number")]
    [InlineData("created", "\"2026-11-21\"", "RFC 3339")]
    [InlineData("created", "\"2026-11-21T10:00:00+01:00\"", "RFC 3339")]
    [InlineData("created", "\"2026-11-21T10:00:00.Z\"", "RFC 3339")]
    [InlineData("created", "\"2026-02-30T10:00:00Z\"", "RFC 3339")]
    [InlineData("created", "\" 2026-11-21T10:00:0Z\"", "RFC 3339")]
    [InlineData("expires", "\"2026-11-21T10:00:00.12345678Z\"", "RFC 3339")]
    [InlineData("expires", "\"2026-11-21T10:00:00Z\"", "after 'created'")]
    [InlineData("cmdline", "\"quiet\\ninit=/bin/sh\"", "one line")]
    [InlineData("cmdline", "\"caf\\u00e9\"", "ASCII")]
    [InlineData("cmdline", "[]", "an array of 0")]
    [InlineData("artifacts", "[]", "an object")]
    [InlineData("artifacts.kernel", "null", "an object")]
    [InlineData("artifacts.rootfs", "null", "an object")]
    [InlineData("artifacts.kernel.hash", "\"sha256:abc123...\"", "64 lower-case hex")]
    [InlineData("artifacts.kernel.size", "0", "1 to 9007199254740991")]
    [InlineData("artifacts.kernel.path", "\"kernel\"", "absolute")]
    [InlineData("artifacts.kernel.path", "\"//evil.example/kernel\"", "absolute")]
    [InlineData("artifacts.kernel.chunk_size", "65537", "65536")]
    [InlineData("artifacts.kernel.chunk_size", "1048577", "power of two")]
    [InlineData("artifacts.kernel.chunk_size", "134217728", "67108864")]
    [InlineData("artifacts.kernel.chunks", "{}", "array of chunk digests")]
    [InlineData("artifacts.kernel.chunks", "[]", "8 chunks")]
    [InlineData("signatures", "{}", "array of signatures")]
    [InlineData("signatures", "[1]", "an object")]
    public void Parse_FieldAgainstItsRule_NamesItAndBothSides(string path, string json, string words)
    {
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => TestManifests.Parse(With(path, JsonNode.Parse(json))));
        Assert.StartsWith(path, refused.Field, StringComparison.Ordinal);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Contains("expected", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("manifest_version")]
    [InlineData("channel")]
    [InlineData("arch")]
    [InlineData("artifacts")]
    [InlineData("artifacts.kernel")]
    [InlineData("artifacts.initramfs")]
    [InlineData("artifacts.kernel.hash")]
    [InlineData("artifacts.kernel.size")]
    [InlineData("artifacts.kernel.path")]
    [InlineData("artifacts.kernel.chunks")]
    [InlineData("artifacts.kernel.chunk_size")]
    public void Parse_RequiredFieldMissing_SaysSo(string path)
    {
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => TestManifests.Parse(Without(path)));
        Assert.Equal((path, "no such field"), (refused.Field, refused.Actual));
    }

    [Theory]
    [InlineData("\"AAAA\\n\"")]
    [InlineData("\"AAA\"")]
    [InlineData("\"AB==\"")]
    [InlineData("\"_-__\"")]
    [InlineData("\"\"")]
    [InlineData("1")]
    public void Parse_SignatureNotInItsOneBase64Spelling_IsRefused(string sig)
    {
        JsonNode signatures = JsonNode.Parse($$"""[{"keyid": "ed25519:x", "sig": {{sig}}}]""")!;
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => TestManifests.Parse(With("signatures", signatures)));
        Assert.Equal("signatures[0].sig", refused.Field);
    }

    [Fact]
    public void Parse_SizeThatAsksForAnotherChunk_IsRefused()
    {
        ManifestFormatException refused = Refused(With("artifacts.kernel.size", 8_388_609));
        Assert.Equal(("artifacts.kernel.chunks", "8"), (refused.Field, refused.Actual));
        Assert.StartsWith("9 chunks", refused.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_BadChunk_NamesItsIndex()
    {
        string json = TestManifests.Text(TestManifests.Signed()).Replace(TestManifests.DigestOf("Kernel 3").ToHex(), "short", StringComparison.Ordinal);
        ManifestFormatException refused = Assert.Throws<ManifestFormatException>(() => TestManifests.Parse(json));
        Assert.Equal("artifacts.kernel.chunks[3]", refused.Field);
        Assert.Equal("'short'", refused.Actual);
    }

    [Fact]
    public void Parse_LongValues_AreRefusedWithAShortMessage()
    {
        Assert.Equal("cmdline", Refused(With("cmdline", new string('x', 2049))).Field);
        Assert.Equal("version", Refused(With("version", new string('1', 129))).Field);
        Assert.Equal("artifacts.kernel.path", Refused(With("artifacts.kernel.path", "/" + new string('k', 1024))).Field);
        Assert.InRange(Refused(With("arch", new string('x', 8000))).Message.Length, 1, 400);
        string signatures = string.Join(",", Enumerable.Repeat("""{"keyid": "k", "sig": "AAAA"}""", 17));
        Assert.Contains("16 items", Refused(With("signatures", JsonNode.Parse($"[{signatures}]"))).Message, StringComparison.Ordinal);
        TestManifests.Parse(With("cmdline", new string('x', 2048)));
    }

    private static ManifestFormatException Refused(string json) => Assert.Throws<ManifestFormatException>(() => TestManifests.Parse(json));

    private static string With(string path, JsonNode? value)
    {
        (JsonNode document, JsonObject parent, string name) = Find(path);
        parent[name] = value?.DeepClone();
        return document.ToJsonString();
    }

    private static string Without(string path)
    {
        (JsonNode document, JsonObject parent, string name) = Find(path);
        Assert.True(parent.Remove(name));
        return document.ToJsonString();
    }

    private static (JsonNode Document, JsonObject Parent, string Name) Find(string path)
    {
        JsonNode document = JsonNode.Parse(TestManifests.Text(TestManifests.Signed()))!;
        string[] steps = path.Split('.');
        return (document, steps[..^1].Aggregate(document, (node, step) => node[step]!).AsObject(), steps[^1]);
    }
}
