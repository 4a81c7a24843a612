using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Mdns.Responding;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Mdns.Tests.Twins;
using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>On a LAN in memory and virtual time.</summary>
public sealed class MdnsBrowseCommandTests : IAsyncLifetime
{
    private static readonly string[] Addresses = ["10.0.0.7", "fd00::7", "fe80::7"];

    private readonly CommandScene _scene = new();
    private readonly VirtualTime _time = new();
    private readonly InMemoryMulticastLan _lan;
    private readonly MdnsNode _neighbour;

    public MdnsBrowseCommandTests()
    {
        _lan = new InMemoryMulticastLan(_time, TimeSpan.FromMilliseconds(1));
        _neighbour = MdnsNode.Start(new MdnsOptions { HostName = "plasmd-7" }, Connected(Addresses), _time);
        _scene.Time = _time;
        _scene.Multicast = () => Connected("10.0.0.9", "fd00::9", "fe80::9");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _neighbour.DisposeAsync();
        _scene.Dispose();
    }

    [Fact]
    public async Task Browse_Neighbours_AreATableInOrder()
    {
        Announce("testing x86_64 7", "testing", 41);
        Announce("stable x86_64 7", "stable", 42);

        CommandRun run = await BrowseAsync();

        Assert.Equal((ExitCode.Ok, ""), (run.ExitCode, run.Error));
        string[] lines = run.Output.TrimEnd().Split('\n');
        Assert.Matches("^INSTANCE +CHANNEL +ARCH +RELEASE +URL +PEER$", lines[0]);
        Assert.Matches("^stable x86_64 7 +stable +x86_64 +42 +http://10.0.0.7:8080/stable/x86_64/manifest.json +ed25519:00ff$", lines[1]);
        Assert.StartsWith("testing x86_64 7 ", lines[2], StringComparison.Ordinal);
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public async Task Browse_Json_HasTheFieldsOfTheDocument()
    {
        Announce("stable x86_64 7", "stable", 42);

        CommandRun run = await BrowseAsync("--json");

        JsonElement found = Assert.Single(JsonDocument.Parse(run.Output).RootElement.EnumerateArray());
        Assert.Equal(
            ["instance", "host", "link", "channel", "arch", "release", "urls", "digest", "peer"], found.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            """["stable x86_64 7","plasmd-7.local","lan1","stable","x86_64",42,["http://10.0.0.7:8080/stable/x86_64/manifest.json","""
            + """ "http://[fd00::7]:8080/stable/x86_64/manifest.json","http://[fe80::7%1]:8080/stable/x86_64/manifest.json"],"sha256:00ff","ed25519:00ff"]"""
                .Replace(" ", "", StringComparison.Ordinal),
            $"[{string.Join(',', found.EnumerateObject().Select(field => JsonSerializer.Serialize(field.Value)))}]");
    }

    [Fact]
    public async Task Browse_TextThatCannotBeRead_IsNamedAndLeftOut()
    {
        Announce("stable x86_64 7", "stable", 42);
        _neighbour.Advertise(new ServiceRegistration
        {
            ServiceType = PhaseImageService.ServiceType,
            InstanceName = "odd\e[31m",
            Port = 1,
            Text = ServiceText.Create(new("channel", "stable"), new("arch", "x86_64"), new("path", "/../etc")),
        });
        _time.Advance(TimeSpan.FromSeconds(5));

        CommandRun run = await BrowseAsync("--json");

        Assert.Equal(ExitCode.Ok, run.ExitCode);
        Assert.Single(JsonDocument.Parse(run.Output).RootElement.EnumerateArray());
        Assert.Equal(
            "plasmd: 'odd?[31m' at plasmd-7.local: TXT key 'path' is '/../etc': expected an absolute path without '..' of at most 200 bytes; the announcement is ignored.\n",
            run.Error);
    }

    [Fact]
    public async Task Browse_Nobody_SaysSo()
    {
        CommandRun table = await BrowseAsync("--timeout", "1500ms");
        CommandRun json = await BrowseAsync("--json");

        Assert.Equal((ExitCode.NotReachable, ""), (table.ExitCode, table.Error));
        Assert.StartsWith("No neighbour announced a release within 1.5 s", table.Output, StringComparison.Ordinal);
        Assert.Equal((ExitCode.NotReachable, "[]\n", ""), (json.ExitCode, json.Output, json.Error));
    }

    [Fact]
    public async Task Browse_NoInterface_SaysSo()
    {
        _scene.Multicast = () => new InMemoryMulticastNetwork();
        CommandRun run = await BrowseAsync("--json");
        Assert.Equal((ExitCode.NotReachable, ""), (run.ExitCode, run.Output));
        Assert.Matches("^plasmd: No network interface is up [^\n]+\n$", run.Error);
    }

    [Fact]
    public async Task Browse_PortNotToBeHad_Fails()
    {
        _scene.Multicast = () => throw new SocketException((int)SocketError.AddressAlreadyInUse);
        Assert.Contains("UDP port 5353", await _scene.FailsAsync(ExitCode.Failure, "mdns", "browse"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0s")]
    [InlineData("-1s")]
    [InlineData("s")]
    [InlineData("3m")]
    [InlineData("3601s")]
    [InlineData("NaN")]
    public async Task Browse_WrongTimeout_IsAUsageError(string timeout) =>
        Assert.Contains("a time such as 3s", await _scene.FailsAsync(ExitCode.Usage, "mdns", "browse", $"--timeout={timeout}"), StringComparison.Ordinal);

    private void Announce(string name, string channel, long release)
    {
        _neighbour.Advertise(new PhaseImageService
        {
            Channel = channel,
            Arch = "x86_64",
            Release = release,
            ManifestPath = $"/{channel}/x86_64/manifest.json",
            ManifestDigest = "sha256:00ff",
            PeerId = "ed25519:00ff",
        }.ToRegistration(name, 8080));
        _time.Advance(TimeSpan.FromSeconds(5));
    }

    /// <summary>The command listens from its start on, so that all its time may pass at once.</summary>
    private async Task<CommandRun> BrowseAsync(params string[] options)
    {
        Task<CommandRun> run = _scene.RunAsync(["mdns", "browse", .. options]);
        _time.Advance(TimeSpan.FromSeconds(3));
        return await run.WaitAsync(PlasmdProcess.Limit);
    }

    private InMemoryMulticastNetwork Connected(params string[] addresses)
    {
        InMemoryMulticastNetwork network = new();
        network.Connect(_lan, new NetworkLink(1, "lan1", [.. addresses.Select(address => new LinkAddress(IPAddress.Parse(address), address.Contains(':') ? 64 : 24))]));
        return network;
    }
}
