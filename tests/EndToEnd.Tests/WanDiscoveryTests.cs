using System.Text.Json.Nodes;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>Two subnets and a router between them that passes no multicast: what is found across it is found by the DHT.</summary>
public class WanDiscoveryTests
{
    private const string Serving = "ReleaseCatalog[1101]";
    private const int DhtNodes = 10;

    [Fact]
    public async Task Machine_ItsImageKnowsOneBootstrapPeer_BootsFromAnotherSubnetAndIsFoundThere()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using LanLab near = await LanLab.CreateAsync(77);
        await using LanLab far = await LanLab.CreateAsync(78);
        await LanLab.JoinAsync(near, far);
        await using DhtNetwork network = await DhtNetwork.StartAsync(lab, far, DhtNodes);
        await using ChildProcess provider = await network.ServeAsync("provider", far.HostAddress, lab.Release, "x86_64");
        await provider.WaitForLineAsync("DhtAdvertiser[1415]", QemuMachine.BootLimit);

        string initramfs = await lab.PinBootstrapAsync(network.Bootstrap);
        await using QemuMachine machine = await lab.BootAsync("machine", "phase.mode=internet", lan: near, initramfs: initramfs);

        OutputLine found = await machine.WaitForAsync("(DHT");
        Assert.Contains($"http://{far.HostAddress}:8080", found.Text, StringComparison.Ordinal);
        await machine.WaitForAsync(Serving);

        // It joined: the far subnet finds it, by the same key, with an address that leads there.
        await machine.WaitForAsync("DhtAdvertiser[1415]");
        string[] find = ["dht", "find", "stable/x86_64", "--bootstrap", network.Bootstrap, "--json"];
        string providers = await far.RunAsync(PlasmdProcess.Program, find);
        Assert.Contains($"http://{far.HostAddress}:8080", providers, StringComparison.Ordinal);
        Assert.Contains($"http://{near.AddressOf(0)[..^1]}", providers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arm64Agent_AsksNetworkOfX64Machines_GetsArm64Artifacts()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        string arm64 = await lab.CreateReleaseAsync("arm64");
        await using LanLab near = await LanLab.CreateAsync(77);
        await using LanLab far = await LanLab.CreateAsync(78);
        await LanLab.JoinAsync(near, far);
        await using DhtNetwork network = await DhtNetwork.StartAsync(lab, far, DhtNodes);
        await using ChildProcess x64 = await network.ServeAsync("x86_64 provider", far.HostAddress, lab.Release, "x86_64");
        await using ChildProcess other = await network.ServeAsync("arm64 provider", await far.AddAddressAsync(2), arm64, "arm64");
        await x64.WaitForLineAsync("DhtAdvertiser[1415]", QemuMachine.BootLimit);
        await other.WaitForLineAsync("DhtAdvertiser[1415]", QemuMachine.BootLimit);

        string output = lab.PathOf("fetched");
        await near.RunAsync(
            Repository.PathOf("artifacts", "agent", "phase-agent"), "--arch", "arm64", "--channel", "stable", "--trust", lab.OperatorKeyId,
            "--bootstrap", network.Bootstrap, "--no-kexec", "--output", output);

        foreach (string file in (string[])["manifest.json", "kernel", "initramfs"])
        {
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(arm64, file)), await File.ReadAllBytesAsync(Path.Combine(output, file)));
        }
    }

    /// <summary>Nodes of the DHT that serve nothing themselves, each on an address of its own.</summary>
    private sealed class DhtNetwork(BootLab lab, LanLab lan) : IAsyncDisposable
    {
        private readonly List<ChildProcess> _nodes = [];

        /// <summary>The first node's multiaddr.</summary>
        public string Bootstrap { get; private set; } = string.Empty;

        public static async Task<DhtNetwork> StartAsync(BootLab lab, LanLab lan, int count)
        {
            DhtNetwork network = new(lab, lan);
            string nothing = lab.PathOf("nothing");
            Directory.CreateDirectory(nothing);
            for (int number = 0; number < count; number++)
            {
                string address = await lan.AddAddressAsync(10 + number);
                network._nodes.Add(await network.ServeAsync($"dht-node-{number}", address, nothing, "x86_64"));
                if (number == 0)
                {
                    await network._nodes[0].WaitForLineAsync("Listening on", QemuMachine.BootLimit);
                    JsonNode status = JsonNode.Parse(await lan.RunAsync("curl", "--silent", "--fail", "--retry", "20", "--retry-connrefused", $"http://{address}:8080/"))!;
                    network.Bootstrap = $"/ip4/{address}/tcp/4001/p2p/{status["peer_id"]}";
                }
            }

            return network;
        }

        /// <summary>A provider that joins by the first node.</summary>
        public Task<ChildProcess> ServeAsync(string name, string address, string artifacts, string arch)
        {
            List<string> arguments =
            [
                "serve", "--artifacts", artifacts, "--channel", "stable", "--arch", arch, "--bind", address, "--port", "8080",
                "--state-dir", lab.PathOf(name.Replace(' ', '-') + ".state"),
            ];
            if (Bootstrap.Length > 0)
            {
                arguments.AddRange(["--bootstrap", Bootstrap]);
            }

            return Task.FromResult(lan.Start(name, PlasmdProcess.Program, [.. arguments]));
        }

        public async ValueTask DisposeAsync()
        {
            foreach (ChildProcess node in _nodes)
            {
                await node.DisposeAsync();
            }
        }
    }
}
