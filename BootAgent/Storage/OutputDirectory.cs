using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Storage;

/// <summary>
/// The files of <c>--output DIR</c>. Downloads go into <c>.NAME.part</c>, locked, and get their names when all of them are verified, the
/// manifest last: a directory with a <c>manifest.json</c> holds exactly what it says.
/// </summary>
internal sealed class OutputDirectory : IArtifactStorage
{
    private const string ManifestName = "manifest.json";
    private const string CommandLineName = "cmdline";
    private readonly string _directory;
    private readonly Dictionary<ArtifactKind, ArtifactSlot> _slots = [];
    private readonly Dictionary<string, SafeFileHandle> _files = [];

    /// <exception cref="BootFailedException">The files cannot be made or there is no room for them.</exception>
    public OutputDirectory(string directory, BootManifest manifest)
    {
        _directory = directory;
        try
        {
            Directory.CreateDirectory(directory);
            foreach (ManifestArtifact artifact in manifest.Artifacts.Values)
            {
                string part = PartOf(artifact.Kind.Name());
                SafeFileHandle file = File.OpenHandle(
                    part, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.None, artifact.SizeBytes);
                _files.Add(artifact.Kind.Name(), file);
                RandomAccess.SetLength(file, artifact.SizeBytes);
                _slots.Add(artifact.Kind, new ArtifactSlot(artifact, file, 0));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw Failed("cannot take the artifacts", error);
        }
    }

    public ArtifactSlot SlotOf(ArtifactKind kind) => _slots[kind];

    public string Complete(BootManifest manifest, string targetCommandLine, Func<byte[]> trace)
    {
        try
        {
            foreach (SafeFileHandle file in _files.Values)
            {
                RandomAccess.FlushToDisk(file);
            }

            WritePart(CommandLineName, System.Text.Encoding.UTF8.GetBytes(targetCommandLine + "\n"));
            WritePart(ManifestName, manifest.RawBytes.Span);
            File.Delete(Path.Combine(_directory, ManifestName));
            foreach (ArtifactKind kind in ArtifactKinds.All)
            {
                if (_slots.ContainsKey(kind))
                {
                    Publish(kind.Name());
                }
                else
                {
                    File.Delete(Path.Combine(_directory, kind.Name())); // of an earlier release
                }
            }

            Publish(CommandLineName);
            Publish(ManifestName);
            string names = string.Join(", ", _slots.Keys.Order().Select(kind => kind.Name()));
            return $"{_directory} holds {names}, {CommandLineName} and {ManifestName}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed("cannot be completed", error);
        }
    }

    /// <summary>Leaves no partial file behind.</summary>
    public void Dispose()
    {
        foreach ((string name, SafeFileHandle file) in _files)
        {
            if (File.Exists(PartOf(name)))
            {
                File.Delete(PartOf(name));
            }

            file.Dispose();
        }

        _files.Clear();
    }

    private string PartOf(string name) => Path.Combine(_directory, $".{name}.part");

    private void WritePart(string name, ReadOnlySpan<byte> content)
    {
        SafeFileHandle file = File.OpenHandle(PartOf(name), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        _files.Add(name, file);
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
    }

    private void Publish(string name) => File.Move(PartOf(name), Path.Combine(_directory, name), overwrite: true);

    private BootFailedException Failed(string what, Exception error) => new(AgentExitCode.StorageFailed,
        $"{_directory} {what}: {error.Message} Free some space, or give another --output directory", error);
}
