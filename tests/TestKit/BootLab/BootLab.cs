using System.Security.Cryptography;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.BootLab;

/// <summary>
/// A folder with an operator's key and a release signed with it, made by the commands a user would type, and machines
/// that boot from it. Needs <c>make image</c>.
/// </summary>
public sealed class BootLab : IAsyncDisposable
{
    /// <summary>What both kernels are told; mitigations cost seconds under emulation and protect nothing here.</summary>
    public const string KernelCommandLine = "console=ttyS0 quiet panic=-1 mitigations=off";

    private readonly string _folder;

    private BootLab(string folder) => _folder = folder;

    public string Release => Path.Combine(_folder, "release");

    /// <summary>The operator's key id, as <c>phase.trust=</c> takes it.</summary>
    public string OperatorKeyId { get; private set; } = string.Empty;

    public string OperatorKeyFile => Path.Combine(_folder, "operator.key");

    public string PathOf(string name) => Path.Combine(_folder, name);

    public static async Task<BootLab> CreateAsync()
    {
        BootLab lab = new(Directory.CreateTempSubdirectory("phasemesh-").FullName);
        await PlasmdProcess.RunAsync("key", "generate", "--output", lab.OperatorKeyFile);
        lab.OperatorKeyId = await KeyIdAsync(lab.OperatorKeyFile);
        Directory.CreateDirectory(lab.Release);
        foreach (string artifact in (string[])["kernel", "initramfs", "rootfs"])
        {
            File.Copy(ImagePath("release", artifact), Path.Combine(lab.Release, artifact));
        }

        await SignWithAsync(lab.OperatorKeyFile, lab.Release, "x86_64");
        return lab;
    }

    /// <summary>A signed release of another architecture, to be fetched and not booted: its artifacts are random bytes.</summary>
    /// <returns>Its folder.</returns>
    public async Task<string> CreateReleaseAsync(string arch)
    {
        string folder = Directory.CreateDirectory(PathOf($"release-{arch}")).FullName;
        foreach (string artifact in (string[])["kernel", "initramfs"])
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, artifact), RandomNumberGenerator.GetBytes(3_000_000));
        }

        await SignWithAsync(OperatorKeyFile, folder, arch);
        return folder;
    }

    /// <summary>The key id that <c>plasmd key show</c> prints.</summary>
    public static async Task<string> KeyIdAsync(string keyFile)
    {
        const string Label = "key id:";
        string line = (await PlasmdProcess.RunAsync("key", "show", keyFile)).Single(line => line.Text.StartsWith(Label, StringComparison.Ordinal)).Text;
        return line[Label.Length..].Trim();
    }

    /// <param name="name">What failures call it, and its state directory.</param>
    /// <param name="artifacts">Null for the release.</param>
    /// <param name="environment">Settings of plasmd besides.</param>
    public Task<PlasmdProcess> StartProviderAsync(
        string name = "provider", string? artifacts = null, IReadOnlyDictionary<string, string>? environment = null) =>
        PlasmdProcess.ServeAsync(name, artifacts ?? Release, PathOf(name + ".state"), environment);

    /// <summary>Powers a machine on with the boot image.</summary>
    /// <param name="name">What failures call it.</param>
    /// <param name="parameters">Kernel parameters such as <c>phase.provider=…</c>; trust in the operator's key is added.</param>
    /// <param name="memoryMegabytes">The machine's memory.</param>
    /// <param name="lan">The LAN it is plugged into; null is QEMU's user network.</param>
    /// <param name="initramfs">Null for the boot image's own.</param>
    /// <param name="hostPort">The port on 127.0.0.1 that leads into it; 0: any free one.</param>
    /// <param name="isAlone">Nobody is on its network.</param>
    public Task<QemuMachine> BootAsync(
        string name, string parameters, int memoryMegabytes = 512, LanLab? lan = null, string? initramfs = null, int hostPort = 0,
        bool isAlone = false) =>
        QemuMachine.StartAsync(new QemuMachineOptions
        {
            Name = name,
            MemoryMegabytes = memoryMegabytes,
            Lan = lan,
            HostPort = hostPort,
            IsAlone = isAlone,
            Direct = new DirectBoot(
                ImagePath("boot", "vmlinuz"), initramfs ?? ImagePath("boot", "initramfs"), $"{KernelCommandLine} phase.trust={OperatorKeyId} {parameters}"),
        });

    /// <summary>A boot image that knows a bootstrap node of the DHT, made as an operator would.</summary>
    /// <returns>Its initramfs.</returns>
    public async Task<string> PinBootstrapAsync(string multiaddr)
    {
        string peers = PathOf("mesh.addr");
        await File.WriteAllTextAsync(peers, $"# first node\n{multiaddr}\n");
        string pinned = PathOf("pinned.initramfs");
        await ChildProcess.RunAsync(
            Repository.PathOf("deploy", "image", "pin-keys.sh"), [ImagePath("boot", "initramfs"), peers, pinned], TimeSpan.FromSeconds(60));
        return pinned;
    }

    /// <summary>The release with everything phase-agent would have fetched and appended, for QEMU to load as it is.</summary>
    public async Task<DirectBoot> PrepareDirectBootAsync()
    {
        string carried = PathOf("phase");
        Directory.CreateDirectory(carried);
        foreach (string file in Directory.EnumerateFiles(Release))
        {
            File.Copy(file, Path.Combine(carried, Path.GetFileName(file)), overwrite: true);
        }

        // The kernel wants each archive of an initramfs to start at a multiple of four bytes.
        string initramfs = PathOf("direct.initramfs");
        await ChildProcess.RunAsync(
            "sh",
            ["-c", "cp release/initramfs direct.initramfs && truncate -s %4 direct.initramfs && find phase | cpio --quiet -o -H newc >> direct.initramfs"],
            TimeSpan.FromSeconds(60),
            start => start.WorkingDirectory = _folder);
        return new DirectBoot(ImagePath("release", "kernel"), initramfs, KernelCommandLine);
    }

    private static Task<IReadOnlyList<OutputLine>> SignWithAsync(string keyFile, string folder, string arch) => PlasmdProcess.RunAsync(
        "manifest", "generate", "--artifacts", folder, "--output", Path.Combine(folder, "manifest.json"),
        "--channel", "stable", "--arch", arch, "--cmdline", KernelCommandLine, "--sign", "--key", keyFile);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    public static string ImagePath(string folder, string name)
    {
        string path = Repository.PathOf("artifacts", folder, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; run: make image");
    }
}
