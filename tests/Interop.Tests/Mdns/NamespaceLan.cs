namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>
/// A LAN made of network namespaces: a bridge in one of them, a veth to it from each machine. Machine n has 10.77.LAN.n/24 and fd77:LAN::n/64 on
/// eth0. Nothing leaves it. Needs root and iproute2.
/// </summary>
internal sealed class NamespaceLan : IAsyncDisposable
{
    private static int _count;
    private readonly string _prefix = $"pmm{Environment.ProcessId}x{Interlocked.Increment(ref _count)}";
    private readonly List<string> _namespaces = [];
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly Dictionary<string, int> _interfaces = [];

    private string Hub => $"{_prefix}hub";

    public static async Task<NamespaceLan> CreateAsync(int machines)
    {
        var lan = new NamespaceLan();
        try
        {
            await lan.AddNamespaceAsync(lan.Hub);
            await lan.AddBridgeAsync(1);
            for (int machine = 1; machine <= machines; machine++)
            {
                await lan.AddNamespaceAsync(lan.Machine(machine));
                await lan.ConnectAsync(machine);
            }

            return lan;
        }
        catch
        {
            await lan.DisposeAsync();
            throw;
        }
    }

    public string Machine(int number) => $"{_prefix}m{number}";

    public Task AddBridgeAsync(int bridge) => IpAsync(
        "-n", Hub, "link", "add", $"br{bridge}", "up", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0");

    /// <summary>Plugs the machine into the bridge with its next interface.</summary>
    public async Task<string> ConnectAsync(int machine, int bridge = 1)
    {
        string space = Machine(machine);
        int index = _interfaces[space] = _interfaces.GetValueOrDefault(space, -1) + 1;
        string face = $"eth{index}";
        string port = $"m{machine}e{index}";
        await IpAsync("-n", Hub, "link", "add", port, "type", "veth", "peer", "name", face, "netns", space);
        await IpAsync("-n", Hub, "link", "set", port, "up", "master", $"br{bridge}");
        await IpAsync("-n", space, "addr", "add", $"10.77.{bridge}.{machine}/24", "dev", face);
        await IpAsync("-n", space, "addr", "add", $"fd77:{bridge}::{machine}/64", "dev", face, "nodad");
        await IpAsync("-n", space, "link", "set", face, "up");
        return face;
    }

    public Task IpOnAsync(int machine, params string[] arguments) => IpAsync(["-n", Machine(machine), .. arguments]);

    /// <summary>Starts a program on a machine of the LAN; it ends with the LAN at the latest.</summary>
    public ToolProcess Start(int machine, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        ToolProcess tool = ToolProcess.Start("ip", ["netns", "exec", Machine(machine), program, .. arguments], environment);
        _owned.Add(tool);
        return tool;
    }

    /// <summary>Starts one of our nodes and waits until it listens.</summary>
    public async Task<ToolProcess> StartProbeAsync(int machine, string hostName)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "PhaseMesh.Mdns.Probe.dll");
        ToolProcess probe = Start(machine, null, "dotnet", assembly, hostName);
        await probe.WaitForAsync(line => line.StartsWith("ready", StringComparison.Ordinal), "ready probe");
        return probe;
    }

    /// <summary>Another resource that must end before the namespaces do.</summary>
    public T Own<T>(T resource)
        where T : IAsyncDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            await _owned[i].DisposeAsync();
        }

        foreach (string space in _namespaces)
        {
            await IpAsync("netns", "del", space);
        }
    }

    private async Task AddNamespaceAsync(string name)
    {
        await IpAsync("netns", "add", name);
        _namespaces.Add(name);
        await IpAsync("-n", name, "link", "set", "lo", "up");
    }

    private static async Task IpAsync(params string[] arguments) => await ToolProcess.RunAsync("ip", arguments);
}
