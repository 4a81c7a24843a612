using System.Net;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Tests.Clients;

public class ClientSitesTests
{
    private static readonly GatewayOptions Options = new()
    {
        Trust = new TrustPolicy([Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey]),
        StateDirectory = "",
        Networks =
        [
            new ClientNetwork(IPNetwork.Parse("10.1.0.0/16"), "fra1", null),
            new ClientNetwork(IPNetwork.Parse("10.1.12.0/24"), "fra1", "r12"),
            new ClientNetwork(IPNetwork.Parse("fd00:1::/32"), "ber", null),
        ],
    };

    [Theory]
    [InlineData("10.1.0.1", "fra1")]
    [InlineData("10.1.12.255", "fra1/r12")]
    [InlineData("::ffff:10.1.12.7", "fra1/r12")]
    [InlineData("fd00:1::7", "ber")]
    [InlineData("10.2.0.1", null)]
    [InlineData("::1", null)]
    public void SiteOf_TheNarrowestNetworkSays(string address, string? site) =>
        Assert.Equal(site, new ClientSites(new LiveOptions(Options)).SiteOf(IPAddress.Parse(address)));

    [Fact]
    public void SiteOf_AfterAChange_FollowsIt()
    {
        LiveOptions live = new(Options);
        ClientSites sites = new(live);
        Assert.Equal("fra1", sites.SiteOf(IPAddress.Parse("10.1.0.1")));

        live.Swap(Options with { Networks = [new ClientNetwork(IPNetwork.Parse("0.0.0.0/0"), "all", null)] });

        Assert.Equal("all", sites.SiteOf(IPAddress.Parse("10.1.0.1")));
    }
}
