using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Gateway.Tests.Clients;

public class ForwardedAddressTests
{
    [Theory]
    [InlineData("10.0.0.2", "192.0.2.1", "192.0.2.1")]
    [InlineData("10.0.0.2", "198.51.100.9, 192.0.2.1, 10.0.0.3", "192.0.2.1")] // Behind two proxies; the first entry is the client's own lie.
    [InlineData("::ffff:10.0.0.2", "192.0.2.1", "192.0.2.1")]
    [InlineData("10.0.0.2", "nonsense", "10.0.0.2")]
    [InlineData("192.0.2.66", "127.0.0.1", "192.0.2.66")]
    [InlineData("127.0.0.1", "192.0.2.1", "127.0.0.1")] // Loopback is no exception.
    public async Task Request_WithXForwardedFor_IsBelievedOfProxiesOnly(string peer, string header, string expected)
    {
        GatewayOptions options = new()
        {
            Trust = new TrustPolicy([Ed25519PrivateKey.FromSeed(new byte[32]).PublicKey]),
            StateDirectory = "",
            TrustedProxies = [IPNetwork.Parse("10.0.0.0/30")],
        };

        Assert.Equal(expected, await AddressAsync(new LiveOptions(options), peer, header));
        Assert.Equal(peer, await AddressAsync(new LiveOptions(options with { TrustedProxies = [] }), peer, header));
    }

    private static async Task<string> AddressAsync(LiveOptions options, string peer, string header)
    {
        DefaultHttpContext context = new();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        context.Request.Headers["X-Forwarded-For"] = header;
        bool isReached = false;
        await new ForwardedAddress(options, NullLoggerFactory.Instance).Middleware(_ =>
        {
            isReached = true;
            return Task.CompletedTask;
        })(context);
        Assert.True(isReached);
        return context.Connection.RemoteIpAddress!.ToString();
    }
}
