namespace PhaseMesh.Manifests.Tests;

internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("phasemesh-manifests-");

    public string File(string name) => Path.Combine(_directory.FullName, name);

    public IEnumerable<string> Names => _directory.EnumerateFileSystemInfos().Select(entry => entry.Name);

    public void Dispose() => _directory.Delete(recursive: true);
}
