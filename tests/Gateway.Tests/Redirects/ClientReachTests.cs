using System.Net;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Tests.Redirects;

public class ClientReachTests
{
    internal static readonly GatewayOptions Options = new()
    {
        Trust = new TrustPolicy([Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey]),
        StateDirectory = "",
        Networks =
        [
            new ClientNetwork(IPNetwork.Parse("10.1.0.0/16"), "fra1", "r1"), new ClientNetwork(IPNetwork.Parse("10.9.0.0/16"), "fra1", "r2"),
            new ClientNetwork(IPNetwork.Parse("10.2.0.0/16"), "ber", null),
        ],
    };

    [Theory]
    [InlineData("10.1.0.1", "http://10.9.0.5:8080", true)] // The same site.
    [InlineData("::ffff:10.1.0.1", "http://10.1.0.5:8080", true)]
    [InlineData("10.1.0.1", "http://10.2.0.5:8080", false)] // Another site's LAN.
    [InlineData("10.3.0.1", "http://10.3.0.5:8080", false)] // Nobody says that these are one LAN.
    [InlineData("192.168.7.1", "http://192.168.7.5:8080", true)] // The gateway's own link.
    [InlineData("192.168.7.1", "http://192.168.8.5:8080", false)]
    [InlineData("192.0.2.1", "http://192.168.7.5:8080", false)]
    [InlineData("fd00:7::1", "http://[fd00:7::5]:8080", true)]
    [InlineData("10.1.0.1", "http://203.0.113.5:8080", true)]
    [InlineData("10.1.0.1", "http://[2001:db8::5]:8080", false)] // Another family.
    [InlineData("10.1.0.1", "http://boot.example.org", true)]
    [InlineData("10.1.0.1", "http://silo1:8080", false)]
    [InlineData("10.1.0.1", "http://silo1.local:8080", false)]
    [InlineData("10.1.0.1", "http://localhost:8080", false)]
    [InlineData("10.1.0.1", "http://127.0.0.1:8080", false)]
    [InlineData("127.0.0.1", "http://127.0.0.1:8080", true)]
    [InlineData("::1", "http://127.0.0.1:8080", true)]
    [InlineData("127.0.0.1", "http://localhost:8080", true)]
    [InlineData("10.1.0.1", "http://[::ffff:127.0.0.1]:8080", false)]
    [InlineData("10.1.0.1", "http://169.254.169.254", false)]
    [InlineData("fe80::1", "http://[fe80::2]:8080", false)]
    [InlineData("10.1.0.1", "http://0.0.0.0:8080", false)]
    [InlineData("10.1.0.1", "http://224.0.0.1:8080", false)]
    public void Reaches_ByAddressesAlone(string client, string url, bool expected)
    {
        ClientReach reach = new(
            new ClientSites(new LiveOptions(Options)), TimeProvider.System,
            () => [IPNetwork.Parse("192.168.7.0/24"), IPNetwork.Parse("fd00:7::/64")]);

        Assert.Equal(expected, reach.Reaches(IPAddress.Parse(client), new ReplicaUrl(new Uri(url))));
    }

    [Fact]
    public void Reaches_WithTheLinksOfThisMachine_NeitherFailsNorSendsStrangersToPrivateAddresses() =>
        Assert.False(new ClientReach(new ClientSites(new LiveOptions(Options)), TimeProvider.System)
            .Reaches(IPAddress.Parse("203.0.113.9"), new ReplicaUrl(new Uri("http://10.255.255.254"))));
}
