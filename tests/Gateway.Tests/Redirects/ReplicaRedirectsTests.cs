using System.Net;
using Microsoft.AspNetCore.Http;
using PhaseMesh.Gateway.Clients;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Gateway.Tests.Routing;
using PhaseMesh.Gateway.Tests.Routing.Simulation;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Redirects;

public class ReplicaRedirectsTests
{
    private static readonly Uri Public = new("http://203.0.113.5:8080");

    [Theory]
    [InlineData("10.1.0.1", "", false)]
    [InlineData("10.1.0.1", "?redirect=1", true)]
    [InlineData("10.1.0.1", "?redirect=2", false)]
    [InlineData("10.1.0.1", "?redirect=1&redirect=0", false)]
    [InlineData("10.2.0.1", "", true)] // By its site.
    [InlineData("10.2.0.1", "?redirect=0", false)]
    [InlineData("10.7.0.1", "", true)] // By its network.
    [InlineData("10.8.0.1", "", false)]
    public void Find_WhoIsRedirected(string client, string query, bool expected)
    {
        RedirectOptions wanted = new() { Sites = ["ber"], Networks = [IPNetwork.Parse("10.7.0.0/16")] };

        Assert.Equal(expected, Find(new PickerFixture(At("a", Public)), client, query, wanted) is not null);
    }

    [Fact]
    public void Find_Everyone_GoesToTheBlobOfAReplicaInReach()
    {
        PickerFixture fixture = new(At("near", new Uri("http://127.0.0.1:1"), Public), At("far", new Uri("http://10.2.0.5:8080")));

        Assert.Equal(
            new Uri($"http://203.0.113.5:8080/blobs/{SimulatedDirectory.Digest}"),
            Find(fixture, "10.1.0.1", "", new RedirectOptions { Everyone = true }));
    }

    [Fact]
    public void Find_NobodyInReach_StreamsInstead() =>
        Assert.Null(Find(new PickerFixture(At("a", new Uri("http://10.2.0.5:8080"))), "10.1.0.1", "?redirect=1"));

    [Fact]
    public void Find_ByHttps_IsNotSentToHttp()
    {
        PickerFixture fixture = new(At("a", Public));
        Assert.Null(Find(fixture, "10.1.0.1", "?redirect=1", isHttps: true));

        fixture.Directory.Name(At("a", Public, new Uri("https://boot.example.org")));
        Assert.Equal("boot.example.org", Find(fixture, "10.1.0.1", "?redirect=1", isHttps: true)?.Host);
    }

    [Fact]
    public void Find_ReplicasThatMayNotBeAsked_AreNotNamed()
    {
        PickerFixture fixture = new(At("a", Public));
        fixture.Picker.Exclude("a");
        Assert.Null(Find(fixture, "10.1.0.1", "?redirect=1"));

        fixture.Picker.Pardon("a");
        Assert.NotNull(Find(fixture, "10.1.0.1", "?redirect=1"));

        fixture.Fail("a", ReplicaFault.ConnectFailed);
        Assert.Equal(ReplicaStanding.Cooling, fixture.Explain("a").Standing);
        Assert.Null(Find(fixture, "10.1.0.1", "?redirect=1"));

        fixture.Directory.Name(At("b", Public) with { Weight = 0 }, At("c", Public) with { IsHealthy = false });
        Assert.Null(Find(fixture, "10.1.0.1", "?redirect=1"));
    }

    [Fact]
    public void Find_OfTwo_TheFasterGetsMoreButNotAll()
    {
        PickerFixture fixture = new(At("fast", Public), At("slow", new Uri("http://203.0.113.6:8080")));
        for (int i = 0; i < 64; i++)
        {
            fixture.Serve("fast", milliseconds: 10);
            fixture.Serve("slow", milliseconds: 50);
        }

        int fast = Enumerable.Range(0, 100).Count(i => Find(fixture, "10.1.0.1", "?redirect=1", draw: i / 100.0)?.Host == Public.Host);

        Assert.InRange(fast, 60, 95);
    }

    private static ReplicaEndpoint At(string id, params Uri[] urls) => Replica(id) with { BaseUrl = urls[0], Urls = new UrlList(urls) };

    private static Uri? Find(
        PickerFixture fixture, string client, string query, RedirectOptions? wanted = null, bool isHttps = false, double draw = 0)
    {
        LiveOptions options = new(ClientReachTests.Options with { Redirect = wanted ?? RedirectOptions.None });
        ClientSites sites = new(options);
        DefaultHttpContext context = new();
        context.Connection.RemoteIpAddress = IPAddress.Parse(client);
        context.Request.QueryString = new QueryString(query);
        context.Request.Scheme = isHttps ? "https" : "http";
        ReplicaRedirects redirects = new(options, fixture.Picker, new ClientReach(sites, TimeProvider.System, () => []), () => draw);
        return redirects.Find(context, SimulatedDirectory.Digest, sites.SiteOf(context)) is { } url ? new Uri(url) : null;
    }
}
