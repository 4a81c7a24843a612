using System.Runtime.Versioning;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Signing;

[UnsupportedOSPlatform("windows")]
public sealed class Ed25519PrivateKeyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void SaveFile_ThenLoadFile_IsTheSameKeyForItsOwnerOnly()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.Generate();
        string path = _directory.File("identity.pem");
        key.SaveFile(path);
        using Ed25519PrivateKey loaded = Ed25519PrivateKey.LoadFile(path);

        Assert.Equal(key.PublicKey, loaded.PublicKey);
        Assert.Equal(["identity.pem"], _directory.Names);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void SaveFile_NameTaken_KeepsTheOldKeyAndLeavesNothingBehind()
    {
        using Ed25519PrivateKey first = TestManifests.Key(1);
        using Ed25519PrivateKey second = TestManifests.Key(2);
        string path = _directory.File("identity.pem");
        first.SaveFile(path);

        IOException refused = Assert.Throws<IOException>(() => second.SaveFile(path));
        Assert.Contains("never overwritten", refused.Message, StringComparison.Ordinal);
        using Ed25519PrivateKey kept = Ed25519PrivateKey.LoadFile(path);
        Assert.Equal(first.PublicKey, kept.PublicKey);
        Assert.Equal(["identity.pem"], _directory.Names);
    }

    [Fact]
    public async Task SaveFile_RacingWriters_ExactlyOneWins()
    {
        string path = _directory.File("identity.pem");
        bool[] won = await Task.WhenAll(Enumerable.Range(1, 16).Select(number => Task.Run(() =>
        {
            using Ed25519PrivateKey key = TestManifests.Key((byte)number);
            try
            {
                key.SaveFile(path);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        })));

        Assert.Single(won, winner => winner);
        Assert.Equal(["identity.pem"], _directory.Names);
    }

    [Fact]
    public void LoadFile_NoKeyInside_NamesTheFileAndKeepsItsContentOutOfTheMessage()
    {
        string path = _directory.File("not-a-key");
        File.WriteAllText(path, "s3cret");
        FormatException refused = Assert.Throws<FormatException>(() => Ed25519PrivateKey.LoadFile(path));
        Assert.Contains("not-a-key", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);

        File.WriteAllBytes(path, new byte[1 << 20]);
        Assert.Throws<FormatException>(() => Ed25519PrivateKey.LoadFile(path));
        Assert.Throws<FileNotFoundException>(() => Ed25519PrivateKey.LoadFile(_directory.File("missing")));
    }

    [Fact]
    public void Dispose_ZeroesTheKeyAndEndsItsUse()
    {
        Ed25519PrivateKey key = Ed25519PrivateKey.Generate();
        ReadOnlyMemory<byte> secret = key.SecretKeyForTests;
        Assert.True(secret.Span.ContainsAnyExcept((byte)0));

        key.Dispose();
        Assert.False(secret.Span.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => key.Sign("more"u8));
        Assert.Throws<ObjectDisposedException>(() => key.ToPem());
    }

    [Fact]
    public void FromSeed_WrongLength_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => Ed25519PrivateKey.FromSeed(new byte[31]));

    [Fact]
    public void Generate_Twice_MakesDifferentKeys()
    {
        using Ed25519PrivateKey first = Ed25519PrivateKey.Generate();
        using Ed25519PrivateKey second = Ed25519PrivateKey.Generate();
        Assert.NotEqual(first.PublicKey, second.PublicKey);
    }
}
