using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Silo.Advertising;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Advertising;

/// <summary>Where announcing is impossible or senseless, serving goes on.</summary>
public sealed class NobodyToAnnounceToTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public async Task Start_BoundToLoopback_OpensNoNetwork(string bind)
    {
        int opened = 0;
        await using ServingScene scene = new()
        {
            Bind = bind,
            Log = new RememberedLog { MinimumLevel = LogLevel.Debug },
            Multicast = () =>
            {
                Interlocked.Increment(ref opened);
                return new InMemoryMulticastNetwork();
            },
        };
        await scene.ServeAsync();
        await scene.Host.StopAsync();

        Assert.Equal(0, opened);
        (LogLevel level, _) = Assert.Single(scene.Log.Lines, line => line.Text.Contains($"{bind} can be reached from this machine only", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Debug, level);
    }

    [Fact]
    public async Task Start_PortNotToBeHad_WarnsOnceAndServes()
    {
        UnavailableNetwork network = new();
        await using ServingScene scene = await new ServingScene { Multicast = () => network }.ServeAsync();
        await network.Disposed.WaitAsync(ServingScene.Limit);
        await Eventually.IsAsync(() => Warnings(scene).Any(), "a warning");

        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/kernel")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/readyz")).StatusCode);
        await scene.Host.StopAsync();
        Assert.Contains("not announced by mDNS: UDP port 5353", Assert.Single(Warnings(scene)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NoInterface_WarnsOnceAndAnnouncesWhenThereIsOne()
    {
        await using AnnouncedLan lan = new();
        await using ServingScene scene = await new ServingScene { Multicast = () => lan.ProviderNetwork }.ServeAsync();
        await Eventually.IsAsync(() => Warnings(scene).Any(), "a warning");

        lan.ConnectProvider();
        await lan.NextAsync(ServiceChangeKind.Added);
        Assert.Contains("No network interface is up", Assert.Single(Warnings(scene)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true, true)]
    [InlineData("0.0.0.0", true, true)]
    [InlineData("::", true, true)]
    [InlineData("10.0.0.1", true, false)]
    [InlineData("fd00::2", false, true)]
    [InlineData("192.0.2.1", false, false)]
    public void Scope_OneAddress_IsTheLinkThatHasIt(string? bind, bool first, bool second)
    {
        ListeningScope scope = ListeningScope.Of(bind);
        Assert.False(scope.IsLoopbackOnly);
        Assert.Equal(first, scope.Includes(new NetworkLink(1, "eth0", [new LinkAddress(IPAddress.Parse("10.0.0.1"), 24)])));
        Assert.Equal(second, scope.Includes(new NetworkLink(2, "eth1", [new LinkAddress(IPAddress.Parse("fd00::2"), 64)])));
    }

    private static IEnumerable<string> Warnings(ServingScene scene) =>
        scene.Log.Lines.Where(line => line.Level >= LogLevel.Warning && line.Text.Contains("mDNS", StringComparison.Ordinal)).Select(line => line.Text);

    /// <summary>As where another program holds port 5353 for itself.</summary>
    private sealed class UnavailableNetwork : IMulticastNetwork
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool SharesPort => true;

        public Task Disposed => _disposed.Task;

        public void Start(IMulticastReceiver receiver)
        {
            receiver.OnFault("UDP port 5353 for InterNetwork cannot be opened");
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        }

        public void SendMulticast(int linkIndex, ReadOnlySpan<byte> datagram) => Assert.Fail("Sent on a network that never started.");

        public void SendUnicast(int linkIndex, IPEndPoint destination, ReadOnlySpan<byte> datagram) => Assert.Fail("Sent on a network that never started.");

        public ValueTask DisposeAsync()
        {
            _disposed.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
