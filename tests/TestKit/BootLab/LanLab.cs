using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// A LAN for virtual machines: a network namespace with a bridge, a DHCP server and no way out. Needs root; ends with the namespace and
/// everything in it.
/// </summary>
public sealed class LanLab : IAsyncDisposable
{
    /// <summary>The bridge's own address, where this host's processes listen.</summary>
    public const string HostAddress = "10.77.0.1";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private ChildProcess? _dhcp;
    private int _machines;

    private LanLab(string name) => Namespace = name;

    /// <summary>The namespace's name, for <c>ip netns exec</c>.</summary>
    public string Namespace { get; }

    public static async Task<LanLab> CreateAsync()
    {
        LanLab lan = new($"phasemesh-{Guid.NewGuid().ToString("n")[..8]}");
        await ChildProcess.RunAsync("ip", ["netns", "add", lan.Namespace], Limit);
        try
        {
            await lan.IpAsync("link", "set", "lo", "up");
            await lan.IpAsync("link", "add", "lan", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0");
            await lan.IpAsync("addr", "add", $"{HostAddress}/24", "dev", "lan");
            await lan.IpAsync("link", "set", "lan", "up");

            // --no-ping: an offer that waits for a ping loses the lease of a client in a hurry.
            lan._dhcp = lan.Start(
                "DHCP server",
                "dnsmasq",
                "--conf-file=/dev/null", "--keep-in-foreground", "--bind-interfaces", "--interface=lan", "--except-interface=lo", "--port=0", "--no-ping",
                "--dhcp-authoritative", "--leasefile-ro", "--dhcp-range=10.77.0.50,10.77.0.200,255.255.255.0,1h", "--log-facility=-");
            await lan._dhcp.WaitForLineAsync("DHCP, IP range", Limit);
            return lan;
        }
        catch
        {
            await lan.DisposeAsync();
            throw;
        }
    }

    /// <summary>A program with this LAN as its only network.</summary>
    public ChildProcess Start(string name, string program, params string[] arguments) =>
        ChildProcess.Start(name, "ip", ["netns", "exec", Namespace, program, .. arguments]);

    /// <summary>A network card for a machine on this LAN: the arguments for QEMU.</summary>
    internal async Task<string[]> PlugInAsync()
    {
        int number = ++_machines;
        string tap = $"tap{number}";
        await IpAsync("tuntap", "add", tap, "mode", "tap");
        await IpAsync("link", "set", tap, "master", "lan");
        await IpAsync("link", "set", tap, "up");
        return
        [
            "-netdev", $"tap,id=n0,ifname={tap},script=no,downscript=no",
            "-device", $"virtio-net-pci,netdev=n0,mac=52:54:00:77:00:{number:x2}",
        ];
    }

    public async ValueTask DisposeAsync()
    {
        if (_dhcp is not null)
        {
            await _dhcp.DisposeAsync();
        }

        await ChildProcess.RunAsync("ip", ["netns", "delete", Namespace], Limit);
    }

    private Task<IReadOnlyList<OutputLine>> IpAsync(params string[] arguments) => ChildProcess.RunAsync("ip", ["-n", Namespace, .. arguments], Limit);
}
