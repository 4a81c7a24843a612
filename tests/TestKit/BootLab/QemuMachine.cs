using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>What a virtual machine is made of.</summary>
public sealed record QemuMachineOptions
{
    public required string Name { get; init; }

    /// <summary>512 unless the test is about memory.</summary>
    public int MemoryMegabytes { get; init; } = 512;

    /// <summary>Kernel, initramfs and command line given directly; null boots from the network card by iPXE.</summary>
    public DirectBoot? Direct { get; init; }

    /// <summary>The URL the network card's iPXE loads its script from; only without <see cref="Direct"/>.</summary>
    public string? NetworkBootUrl { get; init; }

    /// <summary>The LAN it is plugged into; null is QEMU's user network.</summary>
    public LanLab? Lan { get; init; }

    /// <summary>Its network card is plugged into nothing: there is a link, and nobody on it.</summary>
    public bool IsAlone { get; init; }

    /// <summary>The port on 127.0.0.1 that leads into the machine; 0: any free one.</summary>
    public int HostPort { get; init; }

    /// <summary>TCP port in the machine that <see cref="QemuMachine.HostPort"/> leads to.</summary>
    public int ForwardedPort { get; init; } = 8080;
}

/// <summary>A kernel, an initramfs and a command line for QEMU to load.</summary>
public sealed record DirectBoot(string Kernel, string Initramfs, string CommandLine);

/// <summary>
/// A virtual machine with one network card. Behind QEMU's user network it reaches this host's loopback as 10.0.2.2, and this host reaches
/// one of its ports on loopback; on a <see cref="LanLab"/> it reaches its neighbours. Its serial console is what the tests read.
/// </summary>
public sealed class QemuMachine : IAsyncDisposable
{
    public const string Program = "qemu-system-x86_64";

    /// <summary>This host's loopback as the machine sees it.</summary>
    public const string HostAddress = "10.0.2.2";

    /// <summary>A boot takes 13 s on a quiet machine without KVM, four times that on a busy one.</summary>
    public static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(180);

    private readonly ChildProcess _process;

    private QemuMachine(ChildProcess process, int hostPort)
    {
        _process = process;
        HostPort = hostPort;
    }

    /// <summary>The port on 127.0.0.1 that leads to the machine's <see cref="QemuMachineOptions.ForwardedPort"/>.</summary>
    public int HostPort { get; }

    public Uri Url => new($"http://127.0.0.1:{HostPort}");

    /// <summary>The machine's address as another machine sees it.</summary>
    public string UrlForMachines => $"http://{HostAddress}:{HostPort}";

    /// <summary>The serial console.</summary>
    public ChildProcess Console => _process;

    public static async Task<QemuMachine> StartAsync(QemuMachineOptions options)
    {
        int hostPort = options.HostPort > 0 ? options.HostPort : LoopbackPort.Free();
        string accelerator = await QemuAccelerator.NameAsync();
        List<string> arguments =
        [
            "-M", "q35", "-accel", accelerator, "-cpu", accelerator == "kvm" ? "host" : "Nehalem,+rdrand",
            "-smp", "1", "-m", $"{options.MemoryMegabytes}", "-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio",
            "-device", "virtio-rng-pci", "-uuid", $"{Guid.NewGuid()}",
        ];
        string bootFile = string.Empty;
        if (options.Direct is { } direct)
        {
            arguments.AddRange(["-kernel", direct.Kernel, "-initrd", direct.Initramfs, "-append", direct.CommandLine]);
        }
        else
        {
            arguments.AddRange(["-boot", "n"]);
            bootFile = $",bootfile={options.NetworkBootUrl}";
        }

        if (options.Lan is { } lan)
        {
            arguments.AddRange(await lan.PlugInAsync());
            return new QemuMachine(lan.Start(options.Name, Program, [.. arguments]), hostPort);
        }

        string network = $"user,id=n0,hostname={options.Name.Replace(' ', '-')}{bootFile}"
            + $",hostfwd=tcp:127.0.0.1:{hostPort}-:{options.ForwardedPort}";
        network = options.IsAlone ? "hubport,id=n0,hubid=0" : network;
        arguments.AddRange(["-netdev", network, "-device", "virtio-net-pci,netdev=n0"]);
        return new QemuMachine(ChildProcess.Start(options.Name, Program, arguments), hostPort);
    }

    public Task<OutputLine> WaitForAsync(string text) => _process.WaitForLineAsync(text, BootLimit);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
