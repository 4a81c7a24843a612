using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Identity;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Advertising.Dht;

public sealed class DhtNodeTests
{
    [Fact]
    public async Task Private_AnnouncesNothing_AndIsNobodysNeighbour()
    {
        await using AnnouncedLan lan = new();
        await using DhtMesh mesh = new();
        ServingScene meeting = mesh.Node();
        await meeting.StartAsync();
        ServingScene hidden = mesh.Node(() => new ServingScene { Bind = "127.0.0.1", Mode = ProviderMode.Private, Multicast = lan.ConnectProvider });
        await hidden.ServeAsync();

        DhtNode node = hidden.Host.Dht!;
        await Eventually.IsAsync(() => node.Dht.RoutingTableSize == 1, "the peer it joined by");
        await Eventually.IsAsync(() => meeting.Host.Dht!.Host.Connections.Count == 1, "its connection");
        Assert.NotNull(await meeting.Host.Dht!.Host.Connections[0].Identified.WaitAsync(mesh.Limit));

        Assert.NotEqual(NodePeer.Of(hidden.Host.NodeKey), node.Host.LocalPeer);
        Assert.Empty(node.Host.Addresses);
        Assert.All(node.Host.Protocols, static protocol => Assert.DoesNotMatch("kad|fetch", protocol));
        Assert.Empty(await mesh.FindAsync());
        Assert.Null(await mesh.GetAsync());
        Assert.Equal((0, 0, 0), (meeting.Host.Dht!.Dht.RoutingTableSize, meeting.Host.Dht.Dht.StoredRecords, meeting.Host.Dht.Dht.StoredProviders));
        await hidden.Host.StopAsync();
        Assert.DoesNotContain(AnnouncedLan.ProviderAddress, lan.Sources);
        Assert.False(File.Exists(Path.Combine(hidden.State, DhtNode.StateFileName)));
    }

    [Fact]
    public async Task Local_OpensNoLibp2pSocket_AndSaysSo()
    {
        int port = LoopbackPort.Free();
        await using ServingScene scene = new() { Bind = "127.0.0.1", Mode = ProviderMode.Local, Dht = new DhtOptions { Port = port } };
        await scene.ServeAsync();

        using TcpListener free = new(IPAddress.Loopback, port);
        free.Start();
        Assert.Null(scene.Host.Dht);
        JsonElement status = await scene.GetJsonAsync("/");
        Assert.Equal(JsonValueKind.Null, status.GetProperty("libp2p").ValueKind);
        Assert.Equal(NodePeer.Of(scene.Host.NodeKey).ToString(), status.GetProperty("peer_id").GetString());
    }

    [Fact]
    public async Task Start_PortTaken_WarnsOnceWithTheRemedyAndServes()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using ServingScene scene = await new ServingScene { Bind = "127.0.0.1", Dht = new DhtOptions { Port = port } }.ServeAsync();

        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/kernel")).StatusCode);
        await scene.Host.StopAsync();
        string warning = Assert.Single(Warnings(scene));
        Assert.Contains($"TCP port {port} for libp2p is not to be had", warning, StringComparison.Ordinal);
        Assert.Contains("--dht-port", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DefaultPortOnLoopback_ListensNowhereElse()
    {
        await using DhtMesh mesh = new();
        ServingScene scene = mesh.Node(() => new ServingScene { Bind = "localhost" });
        await scene.StartAsync();
        Assert.All(
            scene.Host.Dht!.Host.Addresses,
            static address => Assert.StartsWith("/ip4/127.0.0.1/tcp/", address.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Announce_AddressesConfigured_TakeThePlaceOfTheInterfaces()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(1);
        ServingScene forwarded = mesh.Node();
        forwarded.Dht = new DhtOptions
        {
            Port = 0,
            Bootstrap = forwarded.Dht!.Bootstrap,
            AnnouncedServers = [new Uri("https://boot.example.org")],
            AnnouncedPeerAddresses = [Multiaddr.Parse("/ip4/198.51.100.1/tcp/4001")],
        };
        await forwarded.ServeAsync();
        await mesh.StartAsync(1);

        Assert.Equal(
            ["/ip4/198.51.100.1/tcp/4001", "/dns/boot.example.org/tcp/443/tls/http"],
            (await mesh.UntilAsync(mesh.FindAsync, static all => all is [{ Addresses.Length: 2 }]))[0].Addresses.Select(address => address.ToString()));
        Assert.Equal(
            "https://boot.example.org/stable/x86_64/manifest.json",
            Assert.Single((await mesh.UntilAsync(mesh.GetAsync, static found => found is not null))!.Urls).AbsoluteUri);
    }

    [Fact]
    public async Task Join_BootstrapPeerThatComesLate_IsWaitedForAndWarnedOfOnce()
    {
        await using DhtMesh mesh = new();
        int port = LoopbackPort.Free();
        ServingScene early = mesh.Node();
        early.Dht = new DhtOptions { Port = 0, Bootstrap = [Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{port}")] };
        await early.ServeAsync();
        await Eventually.IsAsync(() => Warnings(early).Any(line => line.Contains("No bootstrap peer answers", StringComparison.Ordinal)), "a warning");

        ServingScene late = mesh.Node();
        late.Dht = new DhtOptions { Port = port };
        await late.StartAsync();
        await Eventually.IsAsync(() => late.Host.Dht!.Dht.StoredProviders == 1, "the announcement of the early one");
        Assert.Equal(2, Warnings(early).Count()); // The address, and what that means.
    }

    [Fact]
    public async Task Restart_WithoutBootstrapPeers_RejoinsByTheStateFile()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(2);
        ServingScene node = await mesh.Node().ServeAsync();
        await Eventually.IsAsync(() => node.Host.Dht!.Dht.RoutingTableSize == 2, "both neighbours");

        node.Dht = new DhtOptions { Port = 0 };
        await node.RestartAsync();
        await Eventually.IsAsync(() => node.Host.Dht!.Dht.RoutingTableSize == 2, "both neighbours of before");
        Assert.Empty(Warnings(node));
    }

    [Fact]
    public async Task Restart_DamagedStateFile_IsIgnoredWithAWarning()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(1);
        ServingScene node = await mesh.Node().ServeAsync();
        await node.Host.StopAsync();
        await File.WriteAllBytesAsync(Path.Combine(node.State, DhtNode.StateFileName), ServingScene.Content("noise", 5000));

        await node.RestartAsync();
        await Eventually.IsAsync(() => node.Host.Dht!.Dht.RoutingTableSize == 1, "the bootstrap peer");
        Assert.Contains("is unreadable", Assert.Single(Warnings(node)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_ShowsThePeerAndItsPartInTheDht()
    {
        await using DhtMesh mesh = new();
        await mesh.StartAsync(1);
        ServingScene node = await mesh.Node().ServeAsync();
        await mesh.UntilAsync(() => node.GetJsonAsync("/"), static status =>
            status.GetProperty("libp2p").GetProperty("dht") is var dht && dht.GetProperty("routing_table").GetInt32() == 1
            && dht.GetProperty("records").GetInt32() == 1 && dht.GetProperty("providers").GetInt32() == 1);
        JsonElement libp2p = (await node.GetJsonAsync("/")).GetProperty("libp2p");
        Assert.Equal(DhtMesh.AddressOf(node).ToString(), Assert.Single(libp2p.GetProperty("addresses").EnumerateArray()).GetString());
        Assert.Equal(1, libp2p.GetProperty("peers").GetInt32());
    }

    private static IEnumerable<string> Warnings(ServingScene scene) => scene.Log.Lines
        .Where(line => line.Level >= LogLevel.Warning && !line.Text.Contains("are changing", StringComparison.Ordinal)).Select(line => line.Text);
}
