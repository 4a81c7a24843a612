using System.Text;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Pointers;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Pointers;

public class ManifestPointerTests
{
    private static readonly DateTimeOffset Now = TestManifests.Created;

    [Fact]
    public void Sign_ThenRead_GivesTheSamePointer()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        ManifestPointer pointer = Pointer(key) with { Urls = [Url("http://192.0.2.1:8080/m.json"), Url("https://[2001:db8::1]/m.json")] };

        Assert.True(ManifestPointer.TryRead(pointer.Sign(key), out ManifestPointer? read, out string? problem), problem);

        Assert.Equal(pointer with { Urls = read.Urls }, read);
        Assert.Equal(pointer.Urls, read.Urls);
        Assert.Equal("/phase/stable/x86_64/manifest", read.Key);
    }

    [Fact]
    public void Sign_NoReleaseNumber_IsReadAsNone()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.True(ManifestPointer.TryRead((Pointer(key) with { Release = null }).Sign(key), out ManifestPointer? read, out _));

        Assert.Null(read.Release);
    }

    [Fact]
    public void Sign_KeyOfAnotherNode_Throws()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        using Ed25519PrivateKey other = TestManifests.Key(2);

        Assert.Throws<ArgumentException>(() => Pointer(key).Sign(other));
    }

    [Theory]
    [InlineData("\"release\":7", "\"release\":8", "signature")]
    [InlineData("\"channel\":\"stable\"", "\"channel\":\"Stable\"", "channel")]
    [InlineData("\"arch\":\"x86_64\"", "\"arch\":\"sparc\"", "arch")]
    [InlineData("\"release\":7", "\"release\":-7", "release")]
    [InlineData("\"pointer_version\":1", "\"pointer_version\":2", "pointer_version")]
    [InlineData("http://192.0.2.1:8080/", "ftp://192.0.2.1:8080/", "urls[0]")]
    [InlineData("http://192.0.2.1:8080/", "http://user@192.0.2.1/", "urls[0]")]
    [InlineData("\"manifest\":\"sha256:", "\"manifest\":\"sha512:", "manifest")]
    [InlineData("\"node\":\"ed25519:", "\"node\":\"rsa:", "node")]
    [InlineData("Z\",\"manifest", "\",\"manifest", "expires")]
    [InlineData("{\"arch\"", "{ \"arch\"", "canonical")]
    [InlineData("}", "", "JSON")]
    public void TryRead_ChangedByOneField_IsRefusedByName(string old, string changed, string named)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        string text = Encoding.UTF8.GetString(Pointer(key).Sign(key));
        Assert.Contains(old, text, StringComparison.Ordinal);

        bool isRead = ManifestPointer.TryRead(Encoding.UTF8.GetBytes(text.Replace(old, changed, StringComparison.Ordinal)), out _, out string? problem);

        Assert.False(isRead);
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_MoreThanTheLimit_IsRefused()
    {
        Assert.False(ManifestPointer.TryRead(new byte[ManifestPointer.MaxBytes + 1], out _, out string? problem));
        Assert.Contains("4096", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Sign_SeventeenUrls_Throws()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        ManifestPointer pointer = Pointer(key) with { Urls = [.. Enumerable.Range(0, 17).Select(number => Url($"http://192.0.2.{number}/"))] };

        Assert.Throws<ArgumentException>(() => pointer.Sign(key));
    }

    [Fact]
    public void Refuse_GoodPointerAtItsKey_IsNull()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.Null(Refuse(Pointer(key), key, "/phase/stable/x86_64/manifest", Now));
    }

    [Theory]
    [InlineData("/phase/stable/arm64/manifest", 0, "expected one of the key")]
    [InlineData("/phase/stable/x86_64/manifest", 25, "expired")]
    [InlineData("/phase/stable/x86_64/manifest", -48, "more than 48 h")]
    public void Refuse_WrongKeyOrTime_SaysWhy(string dhtKey, int hoursLater, string why)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.Contains(why, Refuse(Pointer(key), key, dhtKey, Now.AddHours(hoursLater)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuse_ClockUnknown_ChecksNoTime()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.Null(Refuse(Pointer(key), key, "/phase/stable/x86_64/manifest", null));
    }

    [Fact]
    public void SelectBest_PrefersRelease_ThenExpiry_ThenTheFirst()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        byte[] old = (Pointer(key) with { Release = 6, Expires = Now.AddHours(40) }).Sign(key);
        byte[] shorter = Pointer(key).Sign(key);
        byte[] longer = (Pointer(key) with { Expires = Now.AddHours(30) }).Sign(key);
        byte[] unnumbered = (Pointer(key) with { Release = null, Expires = Now.AddHours(40) }).Sign(key);
        byte[] garbage = [1, 2, 3];

        Assert.Equal(3, ManifestPointerRules.SelectBest([garbage, old, shorter, longer, unnumbered, longer]));
        Assert.Equal(1, ManifestPointerRules.SelectBest([garbage, unnumbered]));
    }

    private static ManifestPointer Pointer(Ed25519PrivateKey key) => new()
    {
        Channel = ReleaseChannelName.Parse("stable"),
        Arch = MachineArch.X64,
        Release = 7,
        ManifestDigest = TestManifests.DigestOf("manifest"),
        Urls = [Url("http://192.0.2.1:8080/stable/x86_64/manifest.json")],
        Node = key.PublicKey,
        Expires = Now.AddHours(24),
    };

    private static Uri Url(string text) => new(text);

    private static string? Refuse(ManifestPointer pointer, Ed25519PrivateKey key, string dhtKey, DateTimeOffset? now) =>
        ManifestPointerRules.Refuse(Encoding.UTF8.GetBytes(dhtKey), pointer.Sign(key), now);
}
