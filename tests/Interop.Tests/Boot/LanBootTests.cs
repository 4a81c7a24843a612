using PhaseMesh.Interop.Tests.Mdns;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Interop.Tests.Boot;

/// <summary>phase-agent as a process on a LAN of network namespaces, told of no provider. Needs the Debian packages python3 and iproute2.</summary>
public sealed class LanBootTests : IDisposable
{
    private const int Server = 1;
    private const int Client = 2;
    private readonly string _folder = Directory.CreateTempSubdirectory("phase-lan-").FullName;
    private readonly TestRelease _release = TestRelease.Create();

    private string Output => Path.Combine(_folder, "out");

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _release.Dispose();
    }

    [Fact]
    public async Task Agent_NoProviderNamed_FetchesFromTheOneAnnounced()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        await StartProviderAsync(lan);

        ToolProcess agent = StartAgent(lan, "--discover");

        await AssertFetchedAsync(agent);
        Assert.Contains("Provider: http://10.77.1.1:8080 (mDNS: server)", agent.Lines);
    }

    [Fact]
    public async Task Agent_LanWithLinkLocalAddressesOnly_FetchesOverIPv6()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        await lan.IpOnAsync(Server, "addr", "flush", "dev", "eth0", "scope", "global");
        await lan.IpOnAsync(Client, "addr", "flush", "dev", "eth0", "scope", "global");
        await StartProviderAsync(lan);

        ToolProcess agent = StartAgent(lan, "--discover");

        await AssertFetchedAsync(agent);
        Assert.Contains(agent.Lines, line => line.StartsWith("Provider: http://[fe80::", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agent_HostWithoutInterfaces_SaysSo()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(1);
        await lan.IpOnAsync(1, "link", "del", "eth0");

        ToolProcess agent = StartAgent(lan, 1, "--discover");

        Assert.Equal(3, await agent.ExitAsync());
        Assert.Contains("phase: FAILED: no provider: none on the command line (phase.provider=) and no network interface was fit for mDNS",
            agent.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_HostNotToldToDiscover_SendsNothing()
    {
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        ToolProcess neighbour = await lan.StartProbeAsync(Server, "neighbour");
        string before = await PacketsReceivedAsync(neighbour);

        ToolProcess agent = StartAgent(lan);

        Assert.Equal(3, await agent.ExitAsync());
        Assert.Contains("or --discover", agent.Lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(agent.Lines, line => line.Contains("mDNS", StringComparison.Ordinal));
        Assert.Equal(before, await PacketsReceivedAsync(neighbour));
    }

    /// <summary>A plain web server with a signed release, and an announcement of it.</summary>
    private async Task StartProviderAsync(NamespaceLan lan)
    {
        string served = Directory.CreateDirectory(Path.Combine(_folder, "served")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(served, "manifest.json"), _release.Manifest.RawBytes.ToArray());
        foreach ((ArtifactKind kind, ArtifactContent content) in _release.Contents)
        {
            await File.WriteAllBytesAsync(Path.Combine(served, kind.Name()), content.ToArray());
        }

        ToolProcess web = lan.Start(Server, new Dictionary<string, string> { ["PYTHONUNBUFFERED"] = "1" },
            "/usr/bin/python3", "-m", "http.server", "--bind", "::", "--directory", served, "8080");
        await web.WaitForAsync(line => line.StartsWith("Serving HTTP", StringComparison.Ordinal), "web server");
        ToolProcess probe = await lan.StartProbeAsync(Server, "server");
        await probe.AdvertiseAsync("stable x86_64", 8080, "channel=stable", "arch=x86_64", "release=7", "path=/manifest.json");
    }

    private ToolProcess StartAgent(NamespaceLan lan, params string[] more) => StartAgent(lan, Client, more);

    private ToolProcess StartAgent(NamespaceLan lan, int machine, params string[] more) => lan.Start(machine, null, "dotnet",
    [
        Path.Combine(AppContext.BaseDirectory, "phase-agent.dll"), "--no-kexec", "--output", Output, "--arch", "x86_64",
        "--trust", _release.Key.PublicKey.KeyId, "--debug", .. more,
    ]);

    private static async Task<string> PacketsReceivedAsync(ToolProcess probe)
    {
        int from = probe.Lines.Count;
        probe.WriteLine("counters");
        return (await probe.WaitForAsync(line => line.StartsWith("counters\t", StringComparison.Ordinal), "counters", from)).Split('\t')[1];
    }

    private async Task AssertFetchedAsync(ToolProcess agent)
    {
        Assert.True(await agent.ExitAsync() == 0, string.Join('\n', agent.Lines));
        Assert.All(_release.Contents, each =>
            Assert.True(File.ReadAllBytes(Path.Combine(Output, each.Key.Name())).AsSpan().SequenceEqual(each.Value.ToArray())));
    }
}
