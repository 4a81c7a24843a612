namespace PhaseMesh.Manifests.Tests.Model;

public class ArtifactPathTests
{
    [Theory]
    [InlineData("/kernel")]
    [InlineData("/stable/x86_64/vmlinuz-6.1.0+deb12")]
    [InlineData("/a/..b/c.")]
    [InlineData("/blobs/sha256:00")]
    [InlineData("/with%20space")]
    public void IsValid_AbsolutePath_IsAccepted(string path) => Assert.True(ArtifactPath.IsValid(path));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("kernel")]
    [InlineData("http://evil.example/kernel")]
    [InlineData("//evil.example/kernel")]
    [InlineData("/a//b")]
    [InlineData("/../kernel")]
    [InlineData("/a/..")]
    [InlineData("/a/./b")]
    [InlineData("/%2e%2E/kernel")]
    [InlineData("/a%2F..%2Fb")]
    [InlineData("/a\\..\\b")]
    [InlineData("/kernel?x")]
    [InlineData("/kernel#x")]
    [InlineData("/ker nel")]
    [InlineData("/ker\r\nHost: x")]
    [InlineData("/k\u00e9rnel")]
    public void IsValid_AnythingAUrlParserCouldTurnElsewhere_IsRefused(string path) => Assert.False(ArtifactPath.IsValid(path));
}
