using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// A LAN for virtual machines: a network namespace with a bridge, a DHCP server and no way out, unless it is joined with another. Needs
/// root; ends with the namespace and everything in it.
/// </summary>
public sealed class LanLab : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _subnet;
    private ChildProcess? _dhcp;
    private int _machines;

    private LanLab(string name, int subnet) => (Namespace, _subnet) = (name, $"10.{subnet}.0");

    /// <summary>The namespace's name, for <c>ip netns exec</c>.</summary>
    public string Namespace { get; }

    /// <summary>The bridge's own address, where this host's processes listen, and the machines' gateway.</summary>
    public string HostAddress => AddressOf(1);

    /// <param name="subnet">Second number of its addresses; LANs to be joined differ in it.</param>
    public static async Task<LanLab> CreateAsync(int subnet = 77)
    {
        LanLab lan = new($"phasemesh-{Guid.NewGuid().ToString("n")[..8]}", subnet);
        await ChildProcess.RunAsync("ip", ["netns", "add", lan.Namespace], Limit);
        try
        {
            await lan.IpAsync("link", "set", "lo", "up");
            await lan.IpAsync("link", "add", "lan", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0");
            await lan.IpAsync("addr", "add", $"{lan.HostAddress}/24", "dev", "lan");
            await lan.IpAsync("link", "set", "lan", "up");

            // --no-ping: an offer that waits for a ping loses the lease of a client in a hurry.
            lan._dhcp = lan.Start(
                "DHCP server",
                "dnsmasq",
                "--conf-file=/dev/null", "--keep-in-foreground", "--bind-interfaces", "--interface=lan", "--except-interface=lo", "--port=0", "--no-ping",
                "--dhcp-authoritative", "--leasefile-ro", $"--dhcp-range={lan.AddressOf(50)},{lan.AddressOf(200)},255.255.255.0,1h", "--log-facility=-");
            await lan._dhcp.WaitForLineAsync("DHCP, IP range", Limit);
            return lan;
        }
        catch
        {
            await lan.DisposeAsync();
            throw;
        }
    }

    /// <summary>Joins two LANs by a router, which passes no multicast.</summary>
    public static async Task JoinAsync(LanLab one, LanLab other)
    {
        await one.IpAsync("link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", other.Namespace);
        foreach ((LanLab lan, LanLab far, int number) in ((LanLab, LanLab, int)[])[(one, other, 1), (other, one, 2)])
        {
            await lan.IpAsync("addr", "add", $"10.255.0.{number}/30", "dev", "wan");
            await lan.IpAsync("link", "set", "wan", "up", "multicast", "off");
            await lan.IpAsync("route", "add", $"{far._subnet}.0/24", "via", $"10.255.0.{3 - number}");
            await lan.RunAsync("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        }
    }

    /// <summary>An address of the subnet; below 50 the DHCP server gives none away.</summary>
    public string AddressOf(int number) => $"{_subnet}.{number}";

    /// <summary>Lets this host's processes listen on one more address.</summary>
    public async Task<string> AddAddressAsync(int number)
    {
        await IpAsync("addr", "add", $"{AddressOf(number)}/24", "dev", "lan");
        return AddressOf(number);
    }

    /// <summary>Runs a program on this LAN to its end; it must succeed.</summary>
    public async Task<string> RunAsync(string program, params string[] arguments)
    {
        IReadOnlyList<OutputLine> output = await ChildProcess.RunAsync("ip", ["netns", "exec", Namespace, program, .. arguments], Limit);
        return string.Join('\n', output.Select(line => line.Text));
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
