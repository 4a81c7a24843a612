using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Generation;

public class ManifestSignerTests
{
    private const string UnknownFields = """
        "x-note": {"deep": [1.50, "\u20ac", null, true]},
          "version":
        """;

    [Fact]
    public void AddSignature_UnknownFieldsAndStrangersSignatures_SurviveAndAreCovered()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        string json = TestManifests.Plain.Replace("\"version\":", UnknownFields, StringComparison.Ordinal);
        json = json.TrimEnd()[..^1] + ""","signatures": [{"keyid": "future:1", "sig": "AAAA", "alg": "x"}], "zz": 1}""";
        BootManifest before = TestManifests.Parse(json);

        BootManifest after = ManifestSigner.AddSignature(before, key);

        Assert.Equal(before.SignedBytes.ToArray(), after.SignedBytes.ToArray());
        Assert.Contains("\"x-note\"", System.Text.Encoding.UTF8.GetString(after.SignedBytes.Span), StringComparison.Ordinal);
        Assert.Equal(["future:1", key.PublicKey.KeyId], after.Signatures.Select(signature => signature.KeyId));
        Assert.Contains("\"alg\": \"x\"", TestManifests.Text(after), StringComparison.Ordinal);
        Assert.True(ManifestVerifier.Verify(after, new TrustPolicy([key.PublicKey]), new ManifestExpectation()).IsTrusted);
    }

    [Fact]
    public void AddSignature_OfTheSameKeyAgain_ReplacesTheOlderOne()
    {
        using Ed25519PrivateKey first = TestManifests.Key(1);
        using Ed25519PrivateKey second = TestManifests.Key(2);
        BootManifest manifest = ManifestSigner.AddSignature(TestManifests.Signed(first, second), first);

        Assert.Equal([second.PublicKey.KeyId, first.PublicKey.KeyId], manifest.Signatures.Select(signature => signature.KeyId));
    }

    [Fact]
    public void AddSignature_SeventeenthKey_IsRefused()
    {
        BootManifest manifest = TestManifests.Signed();
        for (byte number = 1; number <= 16; number++)
        {
            using Ed25519PrivateKey key = TestManifests.Key(number);
            manifest = ManifestSigner.AddSignature(manifest, key);
        }

        using Ed25519PrivateKey oneMore = TestManifests.Key(17);
        Assert.Equal("signatures", Assert.Throws<ManifestFormatException>(() => ManifestSigner.AddSignature(manifest, oneMore)).Field);
    }

    [Fact]
    public void Build_LargestManifestWeMake_FitsTheLimit()
    {
        long sizeBytes = (long)ChunkTable.MaxCount * ChunkTable.MaxChunkSizeBytes;
        ManifestDraft draft = new()
        {
            Version = new string('9', 128),
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.Arm64,
            CommandLine = new string('x', 2048),
            Artifacts = [.. ArtifactKinds.All.Select(kind => TestManifests.Artifact(kind, sizeBytes, ChunkTable.MaxChunkSizeBytes))],
        };
        Ed25519PrivateKey[] keys = [.. Enumerable.Range(1, 16).Select(number => TestManifests.Key((byte)number))];
        BootManifest manifest = draft.Build(keys);

        Assert.Equal(16, manifest.Signatures.Count);
        Assert.InRange(manifest.RawBytes.Length, BootManifest.MaxBytes / 2, BootManifest.MaxBytes);
        Array.ForEach(keys, key => key.Dispose());
    }

    [Fact]
    public void Build_DraftAgainstTheRules_IsRefusedByTheSameReader()
    {
        ManifestArtifact kernel = TestManifests.Artifact(ArtifactKind.Kernel, 1);
        ManifestDraft draft(params ManifestArtifact[] artifacts) => new()
        {
            Version = "1",
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.X64,
            Artifacts = artifacts,
        };
        Assert.Equal("artifacts.initramfs", Assert.Throws<ManifestFormatException>(() => draft(kernel).Build([])).Field);
        Assert.Equal("artifacts.kernel", Assert.Throws<ManifestFormatException>(() => draft(kernel, kernel).Build([])).Field);
    }
}
