using System.Net;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Tests.Multiformats;

public sealed class MultiaddrTests
{
    [Theory]
    [InlineData("/ip4/127.0.0.1/tcp/4001", "047f000001060fa1")]
    [InlineData("/ip6/::1/tcp/443", "29000000000000000000000000000000010601bb")]
    [InlineData("/ip4/1.2.3.4/udp/9/quic-v1", "040102030491020009cd03")]
    [InlineData("/dns4/a.example/tcp/80/ws", "3609612e6578616d706c65060050dd03")]
    [InlineData("/dnsaddr/bootstrap.libp2p.io", "3813626f6f7473747261702e6c69627032702e696f")]
    [InlineData("/dns/h/tcp/1", "350168060001")]
    [InlineData("/dns6/h/tcp/1", "370168060001")]
    [InlineData("/ip4/1.2.3.4/tcp/1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5",
        "0401020304060001a50326002408011220 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c")]
    public void TextAndBinary_ConvertIntoEachOther(string text, string hex)
    {
        Multiaddr parsed = Multiaddr.Parse(text);
        Assert.Equal(hex.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(parsed.Bytes.Span));
        Assert.True(Multiaddr.TryRead(parsed.Bytes.Span, out Multiaddr? read));
        Assert.Equal(text, read.ToString());
        Assert.Equal(parsed, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("ip4/1.2.3.4")]
    [InlineData("/ip4")]
    [InlineData("/ip4/1.2.3")]
    [InlineData("/ip4/::1")]
    [InlineData("/ip6/1.2.3.4")]
    [InlineData("/ip6/fe80::1%eth0")]
    [InlineData("/ip4/1.2.3.4/tcp/65536")]
    [InlineData("/ip4/1.2.3.4/tcp/-1")]
    [InlineData("/ip4/1.2.3.4/tcp/+1")]
    [InlineData("/ip4/1.2.3.4/nope/1")]
    [InlineData("/ip4/1.2.3.4//tcp/1")]
    [InlineData("/p2p/abc")]
    [InlineData("/dns/a b/tcp/1")]
    public void TryParse_NoAddress_IsRefused(string text) => Assert.False(Multiaddr.TryParse(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("047f0000")]
    [InlineData("ff01")]
    [InlineData("35ff")]
    [InlineData("35ffffffffffffffff7f61")]
    [InlineData("3503612f62")]
    [InlineData("a503020000")]
    public void TryRead_Malformed_IsRefused(string hex) => Assert.False(Multiaddr.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Peer_IsTheLastOneNamed()
    {
        PeerId peer = PeerId.Parse("12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5");
        Multiaddr bare = Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4001));
        Multiaddr full = bare.WithPeer(peer);
        Assert.Equal("/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", full.ToString());
        Assert.Equal(peer, full.Peer);
        Assert.Null(bare.Peer);
        Assert.Equal(bare, full.WithoutPeer());
        Assert.Equal(full, full.WithPeer(peer));
        Assert.True(full.TryGetTcpEndPoint(out IPEndPoint? endPoint));
        Assert.Equal("192.0.2.7:4001", endPoint.ToString());
        Assert.False(Multiaddr.Parse("/ip4/1.2.3.4/udp/9/quic-v1").TryGetTcpEndPoint(out _));
        Assert.Equal("/ip4/1.2.3.4/tcp/5", Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("::ffff:1.2.3.4"), 5)).ToString());
    }

    [Fact]
    public void OldNameOfP2p_IsReadAndWrittenAsP2p() => Assert.Equal(
        "/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5",
        Multiaddr.Parse("/ipfs/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5").ToString());
}
