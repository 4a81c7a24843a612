using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Signing;

public class Ed25519PublicKeyTests
{
    private const string Hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    [Fact]
    public void TryParse_EveryFormOfAKey_GivesTheSameKey()
    {
        Ed25519PublicKey key = Ed25519PublicKey.Parse($"ed25519:{Hex}");

        Assert.Equal(key, Ed25519PublicKey.Parse($"ed25519:{Convert.ToBase64String(Convert.FromHexString(Hex))}"));
        Assert.Equal(key, Ed25519PublicKey.Parse(key.ToPem()));
        Assert.Equal(key, Ed25519PublicKey.Parse($"  {key.KeyId}\n"));
        Assert.Equal($"ed25519:{Hex}", key.ToString());
        Assert.True(key == Ed25519PublicKey.Parse(key.KeyId));
        Assert.Equal(key.GetHashCode(), Ed25519PublicKey.Parse(key.KeyId).GetHashCode());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ed25519:")]
    [InlineData(Hex)]
    [InlineData("ed25519:" + Hex + "00")]
    [InlineData("ed25519:D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A")]
    [InlineData("ed25519:g75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    [InlineData("ED25519:" + Hex)]
    [InlineData("rsa:" + Hex)]
    [InlineData("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----")]
    public void TryParse_AnythingElse_IsNoKey(string? text) => Assert.False(Ed25519PublicKey.TryParse(text, out _));

    [Fact]
    public void TryParse_PrivateKeyPem_IsNoPublicKey()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        Assert.False(Ed25519PublicKey.TryParse(key.ToPem(), out _));
    }

    [Fact]
    public void Parse_Nonsense_SaysWhatToWriteAndStaysShort()
    {
        FormatException refused = Assert.Throws<FormatException>(() => Ed25519PublicKey.Parse(new string('x', 10_000)));
        Assert.Contains("ed25519:", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 1, 400);
    }

    [Fact]
    public void TrustPolicy_ThatNothingOrEverythingWouldMeet_IsRefused()
    {
        Ed25519PublicKey key = Ed25519PublicKey.Parse($"ed25519:{Hex}");
        Assert.Throws<ArgumentException>(() => new TrustPolicy([]));
        Assert.Throws<ArgumentException>(() => new TrustPolicy([default]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrustPolicy([key], threshold: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrustPolicy([key, key], threshold: 2));
        Assert.Single(new TrustPolicy([key, key]).Keys);
    }

    [Fact]
    public void SodiumLibrary_NotInstalled_SaysWhatToInstall()
    {
        DllNotFoundException missing = Assert.Throws<DllNotFoundException>(
            () => SodiumLibrary.Load(["libsodium-that-is-not-there.so"], typeof(SodiumLibrary).Assembly, null));
        Assert.Contains("libsodium23", missing.Message, StringComparison.Ordinal);
        Assert.Contains("libsodium-that-is-not-there.so", missing.Message, StringComparison.Ordinal);
    }
}
