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

    [Fact]
    public void Verify_KeyIdsNobodyKnows_AreUnknownSignersAndDoNotHideTheKnownOne()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        string strange = TestManifests.Text(TestManifests.Signed(key)).Replace(
            "\"signatures\": [", "\"signatures\": [{\"keyid\": \"p256:\\u001b[31m\", \"sig\": \"AAAA\", \"note\": 1},", StringComparison.Ordinal);
        BootManifest manifest = TestManifests.Parse(strange);

        Assert.True(ManifestVerifier.Verify(manifest, Policy(1, 1), Anything).IsTrusted);
        AssertRefused(ManifestRefusal.UntrustedSigner, "p256:?[31m", manifest, Policy(1, 2));
    }

    [Fact]
    public void Verify_Threshold_CountsDistinctTrustedKeys()
    {
        using Ed25519PrivateKey first = TestManifests.Key(1);
        using Ed25519PrivateKey second = TestManifests.Key(2);
        using Ed25519PrivateKey stranger = TestManifests.Key(9);

        AssertRefused(ManifestRefusal.ThresholdNotMet, "by 1 of 3", TestManifests.Signed(first, stranger), Policy(2, 1, 2, 3));
        ManifestVerdict verdict = ManifestVerifier.Verify(TestManifests.Signed(stranger, first, second), Policy(2, 1, 2, 3), Anything);
        Assert.True(verdict.IsTrusted, verdict.Message);
        Assert.Equal([first.PublicKey, second.PublicKey], verdict.Signers);
    }

    [Fact]
    public void Verify_OneKeyUnderTwoSpellings_CountsOnce()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        BootManifest once = TestManifests.Signed(key);
        byte[] bytes = new byte[32];
        key.PublicKey.CopyTo(bytes);
        string signature = Convert.ToBase64String(once.Signatures[0].Signature.Span);
        BootManifest twice = TestManifests.Parse(TestManifests.Text(once).Replace("\"signatures\": [",
            $"\"signatures\": [{{\"keyid\": \"ed25519:{Convert.ToBase64String(bytes)}\", \"sig\": \"{signature}\"}},", StringComparison.Ordinal));

        Assert.Equal(2, twice.Signatures.Count);
        AssertRefused(ManifestRefusal.ThresholdNotMet, "by 1 of 2", twice, Policy(2, 1, 2));
    }

    [Fact]
    public void Verify_OneBadSignatureOfATrustedKeyAmongGoodOnes_IsRefused()
    {
        using Ed25519PrivateKey first = TestManifests.Key(1);
        using Ed25519PrivateKey second = TestManifests.Key(2);
        BootManifest manifest = TestManifests.Signed(first, second);
        string good = Convert.ToBase64String(manifest.Signatures[1].Signature.Span);
        string bad = Convert.ToBase64String(second.Sign("something else"u8));

        AssertRefused(ManifestRefusal.BadSignature, second.PublicKey.KeyId,
            TestManifests.Parse(TestManifests.Text(manifest).Replace(good, bad, StringComparison.Ordinal)), Policy(1, 1, 2));
    }

    [Fact]
    public void Verify_NotWhatWasAskedFor_SaysWhatItIsAndWhatWasExpected()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        BootManifest manifest = TestManifests.Signed(key);
        TrustPolicy trust = Policy(1, 1);

        AssertRefused(ManifestRefusal.WrongChannel, "channel stable, expected testing", manifest, trust,
            new ManifestExpectation { Channel = ReleaseChannelName.Parse("testing") });
        AssertRefused(ManifestRefusal.WrongArch, "for x86_64, expected arm64", manifest, trust,
            new ManifestExpectation { Arch = MachineArch.Arm64 });
        AssertRefused(ManifestRefusal.Expired, "expired at 2026-12-21T10:00:00Z", manifest, trust,
            new ManifestExpectation { Now = TestManifests.Expires });
        AssertRefused(ManifestRefusal.ReleaseTooOld, "release 42 is older than trusted 43", manifest, trust,
            new ManifestExpectation { MinimumRelease = 43 });
    }

    [Fact]
    public void Verify_NoReleaseNumberWhereOneIsNeeded_IsRefused()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        BootManifest plain = ManifestSigner.AddSignature(TestManifests.Parse(TestManifests.Plain), key);

        AssertRefused(ManifestRefusal.ReleaseTooOld, "no release number", plain, Policy(1, 1), new ManifestExpectation { MinimumRelease = 0 });
        Assert.True(ManifestVerifier.Verify(plain, Policy(1, 1), new ManifestExpectation { Now = DateTimeOffset.MaxValue }).IsTrusted);
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
