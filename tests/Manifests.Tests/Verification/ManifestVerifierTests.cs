using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Verification;

public class ManifestVerifierTests
{
    private static readonly ManifestExpectation Anything = new();

    [Fact]
    public void Verify_SignedByTrustedKeyAndAsExpected_IsTrusted()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        BootManifest manifest = TestManifests.Signed(key);

        ManifestVerdict verdict = ManifestVerifier.Verify(manifest, new TrustPolicy([key.PublicKey]), new ManifestExpectation
        {
            Channel = ReleaseChannelName.Parse("stable"),
            Arch = MachineArch.Parse("amd64"),
            MinimumRelease = 42,
            Now = TestManifests.Expires.AddSeconds(-1),
        });

        Assert.True(verdict.IsTrusted, verdict.Message);
        Assert.Equal([key.PublicKey], verdict.Signers);
    }

    [Fact]
    public void Verify_PlainManifestWithoutOurAdditions_IsTrustedOnceSigned()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        BootManifest manifest = ManifestSigner.AddSignature(TestManifests.Parse(TestManifests.Plain), key);

        Assert.True(ManifestVerifier.Verify(manifest, new TrustPolicy([key.PublicKey]), Anything).IsTrusted);
        Assert.Null(manifest.Artifacts[ArtifactKind.Kernel].Chunks);
        Assert.False(manifest.Artifacts.ContainsKey(ArtifactKind.Rootfs));
    }

    [Fact]
    public void Verify_NoSignature_IsRefusedAsUnsigned() =>
        AssertRefused(ManifestRefusal.Unsigned, "no signature", TestManifests.Signed(), Policy(1, 1));

    [Fact]
    public void Verify_SignerNotTrusted_NamesTheSigner()
    {
        using Ed25519PrivateKey stranger = TestManifests.Key(9);
        AssertRefused(ManifestRefusal.UntrustedSigner, stranger.PublicKey.KeyId, TestManifests.Signed(stranger), Policy(1, 1));
    }

    private static TrustPolicy Policy(int threshold, params byte[] keys) => new(keys.Select(PublicKey), threshold);

    private static Ed25519PublicKey PublicKey(byte number)
    {
        using Ed25519PrivateKey key = TestManifests.Key(number);
        return key.PublicKey;
    }

    private static void AssertRefused(
        ManifestRefusal refusal, string words, BootManifest manifest, TrustPolicy trust, ManifestExpectation? expected = null)
    {
        ManifestVerdict verdict = ManifestVerifier.Verify(manifest, trust, expected ?? Anything);
        Assert.Equal(refusal, verdict.Refusal);
        Assert.False(verdict.IsTrusted);
        Assert.Contains(words, verdict.Message, StringComparison.Ordinal);
        Assert.Contains("refusing", verdict.Message, StringComparison.Ordinal);
    }
}
