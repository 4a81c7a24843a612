using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Naming;

public class NamingProperties
{
    private static readonly Arbitrary<byte[]> ThirtyTwoBytes =
        Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(32).ToArbitrary();

    [Fact]
    public void Sha256Digest_WrittenAndRead_IsTheSame() => Prop
        .ForAll(ThirtyTwoBytes, bytes =>
        {
            Sha256Digest digest = new(bytes);
            byte[] copy = new byte[32];
            digest.CopyTo(copy);
            return Sha256Digest.Parse(digest.ToString()) == digest && copy.AsSpan().SequenceEqual(bytes)
                && digest.ToHex() == Convert.ToHexStringLower(bytes) && digest.GetHashCode() == new Sha256Digest(copy).GetHashCode();
        })
        .QuickCheckThrowOnFailure();

    [Fact]
    public void KeyId_WrittenAndRead_IsTheSame() => Prop
        .ForAll(ThirtyTwoBytes, seed =>
        {
            using Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(seed);
            using Ed25519PrivateKey reread = Ed25519PrivateKey.FromPem(key.ToPem());
            return Ed25519PublicKey.Parse(key.PublicKey.KeyId) == key.PublicKey && reread.PublicKey == key.PublicKey;
        })
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("sha256:ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    [InlineData("sha256:00")]
    [InlineData("sha512:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000 ")]
    public void Sha256Digest_AnyOtherSpelling_IsRefused(string text)
    {
        Assert.False(Sha256Digest.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Sha256Digest.Parse(text));
    }

    [Theory]
    [InlineData("stable", true)]
    [InlineData("0.9_rc-1", true)]
    [InlineData("", false)]
    [InlineData("-stable", false)]
    [InlineData(".hidden", false)]
    [InlineData("Stable", false)]
    [InlineData("a/b", false)]
    public void ReleaseChannelName_ByItsRule(string text, bool accepted)
    {
        Assert.Equal(accepted, ReleaseChannelName.TryParse(text, out ReleaseChannelName name));
        Assert.Equal(accepted ? text : "", name.ToString());
        Assert.False(ReleaseChannelName.TryParse(new string('a', 65), out _));
    }

    [Fact]
    public void ArtifactKind_NameAndBack_IsTheSame() => Assert.All(ArtifactKinds.All, kind =>
    {
        Assert.True(ArtifactKinds.TryParse(kind.Name(), out ArtifactKind parsed));
        Assert.Equal(kind, parsed);
        Assert.False(ArtifactKinds.TryParse(kind.ToString(), out _));
    });
}
