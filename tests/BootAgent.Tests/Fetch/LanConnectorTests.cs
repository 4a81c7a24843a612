using System.Net;
using PhaseMesh.BootAgent.Fetch;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.Mdns.Network;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fetch;

/// <summary>Mode local, which does not leave the links.</summary>
public class LanConnectorTests
{
    private static readonly NetworkLink Link = new(2, "eth0", [new LinkAddress(IPAddress.Parse("10.0.0.99"), 24)]);

    [Theory]
    [InlineData("http://192.0.2.1:8080/manifest.json")]
    [InlineData("http://10.0.1.1/manifest.json")]
    [InlineData("http://[2001:db8::1]/manifest.json")]
    public async Task GetAsync_OutsideTheSubnets_IsNotDialled(string url)
    {
        await using HttpTransport transport = new(AgentHarness.ShortLimits, new LanConnector(() => [Link]).ConnectAsync);

        HttpAnswer answer = await transport.GetAsync(new Uri(url), null, null, null, CancellationToken.None).WaitAsync(AgentHarness.Hang);

        Assert.Equal(FaultKind.OffLink, answer.Fault!.Kind);
        Assert.Equal("is outside this machine's subnets, which mode local does not leave", answer.Fault.Detail);
        Assert.False(answer.Fault.IsTransient);
    }

    [Fact]
    public async Task GetAsync_ThisMachine_IsReached()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        await using HttpTransport transport = new(AgentHarness.ShortLimits, new LanConnector().ConnectAsync);

        HttpAnswer answer = await transport.GetAsync(new Uri($"{provider.Url}/manifest.json"), null, null, null, CancellationToken.None);

        using HttpResponseMessage response = Assert.IsType<HttpResponseMessage>(answer.Response);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
