using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Tests.Multiformats;

public sealed class HttpMultiaddrTests
{
    [Theory]
    [InlineData("http://192.0.2.1:8080/", "/ip4/192.0.2.1/tcp/8080/http")]
    [InlineData("http://[2001:db8::1]:8080/", "/ip6/2001:db8::1/tcp/8080/http")]
    [InlineData("http://192.0.2.1/", "/ip4/192.0.2.1/tcp/80/http")]
    [InlineData("https://boot.example.org/", "/dns/boot.example.org/tcp/443/tls/http")]
    [InlineData("https://192.0.2.1:8443/", "/ip4/192.0.2.1/tcp/8443/tls/http")]
    public void UrlAndAddress_ConvertIntoEachOther(string url, string address)
    {
        Assert.Equal(address, HttpMultiaddr.From(new Uri(url)).ToString());
        Assert.True(HttpMultiaddr.TryGetUrl(Multiaddr.Parse(address), out Uri? back));
        Assert.Equal(url, back.AbsoluteUri);
    }

    [Theory]
    [InlineData("http://192.0.2.1:8080/phase/")]
    [InlineData("http://192.0.2.1:8080/?a=b")]
    [InlineData("http://user@192.0.2.1:8080/")]
    [InlineData("ftp://192.0.2.1/")]
    public void From_MoreThanAServer_IsRefused(string url) => Assert.Throws<ArgumentException>(() => HttpMultiaddr.From(new Uri(url)));

    [Theory]
    [InlineData("/ip4/192.0.2.1/tcp/4001")]
    [InlineData("/ip4/192.0.2.1/udp/4001/http")]
    [InlineData("/ip4/192.0.2.1/tcp/0/http")]
    [InlineData("/ip4/192.0.2.1/tcp/80/ws/http")]
    [InlineData("/ip4/192.0.2.1/tcp/80/tls/ws/http")]
    [InlineData("/dns/user@example.org/tcp/80/http")]
    [InlineData("/dns/example.org:1/tcp/80/http")]
    [InlineData("/dns/a?b/tcp/80/http")]
    [InlineData("/memory/1/tcp/80/http")]
    public void TryGetUrl_NoHttpServer_IsFalse(string address) => Assert.False(HttpMultiaddr.TryGetUrl(Multiaddr.Parse(address), out _));

    [Fact]
    public void TryGetUrl_PeerAtItsEnd_IsLeftOut()
    {
        Assert.True(HttpMultiaddr.TryGetUrl(
            Multiaddr.Parse("/dns4/a.example/tcp/80/http/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf"), out Uri? url));
        Assert.Equal("http://a.example/", url.AbsoluteUri);
    }
}
