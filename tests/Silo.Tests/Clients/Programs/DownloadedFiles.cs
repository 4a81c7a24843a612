using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Silo.Tests.Clients.Programs;

/// <summary>A directory that other people's programs download into, and the comparison with what was served.</summary>
/// <param name="server">Where the artifacts are, by their names.</param>
/// <param name="read">The bytes that shall come.</param>
internal sealed class DownloadedFiles(Uri server, Func<string, byte[]> read) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("phasemesh-client-");

    public static string[] Names { get; } = ["kernel", "initramfs", "rootfs"];

    public Uri Server => server;

    public byte[] Read(string name) => read(name);

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    public string UrlOf(string name) => $"{server}{name}";

    /// <summary>Runs a program in the directory; an exit code other than 0, or a missing program, fails the test.</summary>
    public async Task<string> RunAsync(string program, params string[] arguments) => string.Join(
        '\n',
        (await ChildProcess.RunAsync(program, arguments, Limit, start => start.WorkingDirectory = _directory.FullName))
            .Select(line => line.Text));

    /// <summary>The beginning of an artifact, as an interrupted download leaves it.</summary>
    public async Task<int> WriteBeginningAsync(string name, int part)
    {
        byte[] whole = read(name);
        await File.WriteAllBytesAsync(PathOf(name), whole[..(whole.Length / part)]);
        return whole.Length / part;
    }

    public void AssertSame(string name)
    {
        byte[] found = File.ReadAllBytes(PathOf(name));
        Assert.True(read(name).AsSpan().SequenceEqual(found), $"{name} differs: {found.Length} bytes.");
        File.Delete(PathOf(name));
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
