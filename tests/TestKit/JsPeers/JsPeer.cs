using System.Diagnostics;

namespace PhaseMesh.TestKit.JsPeers;

/// <summary>A process with js-libp2p nodes: peer.mjs, with its packages installed.</summary>
public sealed class JsPeer : PeerProcess
{
    public static string Folder { get; } = Repository.PathOf("tests", "Interop.Tests", "js");

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
        if (install.ExitCode != 0)
        {
            throw new InvalidOperationException($"install.sh in {Folder} ended with {install.ExitCode}; the peers of npm are missing.");
        }
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
}
