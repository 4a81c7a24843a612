using System.Net;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Services;

namespace PhaseMesh.Mdns.Tests.Services;

public sealed class PhaseImageServiceTests
{
    private static readonly PhaseImageService Full = new()
    {
        Channel = "stable",
        Arch = "x86_64",
        Release = 42,
        ManifestPath = "/stable/x86_64/manifest.json",
        ManifestDigest = "sha256:" + new string('a', 64),
        PeerId = "ed25519:" + new string('b', 64),
    };

    [Fact]
    public void ToText_EveryKey_ParsesBack()
    {
        ServiceText text = Full.ToText();
        Assert.True(PhaseImageService.TryParse(text, out PhaseImageService? parsed, out string? problem), problem);
        Assert.Equal(Full, parsed);
        Assert.Equal(["arch", "channel", "digest", "path", "peer", "release"], text.Pairs.Keys.Order());
    }

    [Fact]
    public void TryParse_OptionalKeysMissing_AreNull()
    {
        PhaseImageService small = Full with { Release = null, ManifestDigest = null, PeerId = null };
        Assert.True(PhaseImageService.TryParse(small.ToText(), out PhaseImageService? parsed, out _));
        Assert.Equal(small, parsed);
    }

    [Theory]
    [InlineData("channel", null, "missing")]
    [InlineData("channel", "", "word")]
    [InlineData("arch", "x86 64", "word")]
    [InlineData("path", "manifest.json", "absolute path")]
    [InlineData("path", "/a/../b", "absolute path")]
    [InlineData("path", "/a?b", "absolute path")]
    [InlineData("release", "-1", "whole number")]
    [InlineData("release", "99999999999999999999", "whole number")]
    [InlineData("digest", "\u0001", "word")]
    public void TryParse_BadValue_NamesTheKey(string key, string? value, string expected)
    {
        Dictionary<string, string?> pairs = new(Full.ToText().Pairs);
        pairs.Remove(key);
        if (value is not null)
        {
            pairs.Add(key, value);
        }

        Assert.False(PhaseImageService.TryParse(ServiceText.Create(pairs), out _, out string? problem));
        Assert.Contains($"'{key}'", problem);
        Assert.Contains(expected, problem);
    }

    [Fact]
    public void ToText_BadValue_Throws() => Assert.Throws<FormatException>(() => (Full with { ManifestPath = "x" }).ToText());

    [Fact]
    public void ManifestUrls_BothFamilies_AreUsable()
    {
        var instance = new ServiceInstance
        {
            FullName = DnsName.Parse("a._phase-image._tcp.local"),
            HostName = DnsName.Parse("a.local"),
            Port = 8080,
            Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")],
            Text = Full.ToText(),
            LinkIndex = 1,
            LinkName = "lan1",
        };
        Assert.Equal(
            ["http://10.0.0.1:8080/stable/x86_64/manifest.json", "http://[fd00::1]:8080/stable/x86_64/manifest.json"],
            Full.ManifestUrls(instance).Select(url => url.ToString()));
    }
}
