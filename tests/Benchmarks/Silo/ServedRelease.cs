using PhaseMesh.TestKit.BootLab;

namespace PhaseMesh.Benchmarks.Silo;

/// <summary>A release with a rootfs of random bytes, 1 GiB unless told otherwise, in a temporary folder, signed, and a plasmd that serves it.</summary>
internal sealed class ServedRelease : IAsyncDisposable
{
    public const long RootfsBytes = 1 << 30;
    private const int BlockBytes = 1 << 20;
    private const double BytesPerGigabyte = 1e9;

    private readonly string _folder;

    private ServedRelease(string folder) => _folder = folder;

    public string Root => Path.Combine(_folder, "release");

    public string KeyFile => Path.Combine(_folder, "operator.key");

    public PlasmdProcess Plasmd { get; private set; } = null!;

    public string PathOf(string name) => Path.Combine(_folder, name);

    public static double Gigabytes(int copies) => copies * RootfsBytes / BytesPerGigabyte;

    public static async Task<ServedRelease> StartAsync(long rootfsBytes = RootfsBytes)
    {
        ServedRelease release = new(Directory.CreateTempSubdirectory("phasemesh-bench-").FullName);
        Directory.CreateDirectory(release.Root);
        Random random = new(1);
        byte[] block = new byte[BlockBytes];
        foreach ((string name, long size) in (IEnumerable<(string, long)>)[("kernel", 8L * BlockBytes), ("initramfs", BlockBytes), ("rootfs", rootfsBytes)])
        {
            await using FileStream file = File.Create(Path.Combine(release.Root, name));
            for (long written = 0; written < size; written += BlockBytes)
            {
                random.NextBytes(block);
                await file.WriteAsync(block);
            }
        }

        await PlasmdProcess.RunAsync("key", "generate", "--output", release.KeyFile);
        await PlasmdProcess.RunAsync(
            "manifest", "generate", "--artifacts", release.Root, "--output", Path.Combine(release.Root, "manifest.json"),
            "--channel", "stable", "--arch", "x86_64", "--sign", "--key", release.KeyFile);
        release.Plasmd = await PlasmdProcess.ServeAsync("plasmd", release.Root, release.PathOf("state"));
        return release;
    }

    public async ValueTask DisposeAsync()
    {
        await Plasmd.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
