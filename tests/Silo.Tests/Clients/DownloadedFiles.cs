using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Clients;

/// <summary>A directory that other people's programs download into, and the comparison with what was served.</summary>
internal sealed class DownloadedFiles(ServingScene scene) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("phasemesh-client-");

    public static string[] Names { get; } = ["kernel", "initramfs", "rootfs"];

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    public string UrlOf(string name) => $"{scene.Address}{name}";

    /// <summary>Runs a program in the directory; an exit code other than 0, or a missing program, fails the test.</summary>
    public async Task<string> RunAsync(string program, params string[] arguments) => string.Join(
        '\n',
        (await ChildProcess.RunAsync(program, arguments, ServingScene.Limit, start => start.WorkingDirectory = _directory.FullName)).Select(line => line.Text));

    public void AssertSame(string name, string? downloadedAs = null)
    {
        byte[] found = File.ReadAllBytes(PathOf(downloadedAs ?? name));
        Assert.True(scene.Read(name).AsSpan().SequenceEqual(found), $"{name} differs: {found.Length} bytes.");
        File.Delete(PathOf(downloadedAs ?? name));
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
