using System.Diagnostics;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>A process with js-libp2p nodes: peer.mjs, with its packages installed.</summary>
public sealed class JsPeer : PeerProcess
{
    public static string Folder { get; } = Path.Combine(FindRoot(), "tests", "Interop.Tests", "js");

    protected override async Task<ProcessStartInfo> PrepareAsync()
    {
        await RunInstallAsync();
        return new ProcessStartInfo("node", "peer.mjs") { WorkingDirectory = Folder };
    }

    private static async Task RunInstallAsync()
    {
        // One installation at a time, over all test processes.
        await using FileStream turn = await OpenAloneAsync(Path.Combine(Path.GetTempPath(), "phasemesh-interop-install.lock"));
        using Process install = Process.Start(new ProcessStartInfo("sh", "install.sh") { WorkingDirectory = Folder })!;
        await install.WaitForExitAsync();
        Assert.Equal(0, install.ExitCode);
    }

    private static async Task<FileStream> OpenAloneAsync(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PhaseMesh.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
