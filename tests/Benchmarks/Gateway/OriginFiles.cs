using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>
/// Signed releases in files, laid out so that nginx answers as a plasmd does: status, manifests, blobs. Thus the gateway and its peers read
/// from the very same processes, by sendfile.
/// </summary>
internal sealed class OriginFiles : IDisposable
{
    /// <summary>The same in every release, so that one file lists them all.</summary>
    private const int KeySeed = 1;

    /// <summary>Kernel, initramfs and rootfs of a release each take one.</summary>
    private const int SeedsPerRelease = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("phasemesh-bench-").FullName;
    private readonly List<TestRelease> _releases = [];
    private int _newFolders;

    public string Root => PathOf("origin");

    public string TrustedKey => _releases[0].Key.PublicKey.KeyId;

    /// <summary>The path of an artifact, the same at the origin and every proxy.</summary>
    public static string BlobOf(TestRelease release, ArtifactKind kind) => $"/blobs/{release.Manifest.Artifacts[kind].Digest}";

    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>A folder there; of the same name, the same.</summary>
    public string FolderOf(string name) => Directory.CreateDirectory(PathOf(name)).FullName;

    /// <summary>An empty one.</summary>
    public string NewFolder(string name) => FolderOf($"{name}.{_newFolders++}");

    /// <summary>A release of its own channel whose bytes no other has.</summary>
    public async Task<TestRelease> AddAsync(string channel, long kernelBytes, long rootfsBytes)
    {
        TestRelease release = TestRelease.Create(new TestReleaseOptions
        {
            KeySeed = KeySeed,
            ContentSeed = 1 + (_releases.Count * SeedsPerRelease),
            Channel = ReleaseChannelName.Parse(channel),
            KernelBytes = kernelBytes,
            InitramfsBytes = 4096,
            RootfsBytes = rootfsBytes,
            ChunkSizeBytes = ChunkTable.DefaultChunkSizeBytes(Math.Max(kernelBytes, rootfsBytes)),
        });
        _releases.Add(release);
        Directory.CreateDirectory(Path.Combine(Root, "blobs"));
        foreach ((ArtifactKind kind, ArtifactContent content) in release.Contents)
        {
            await content.WriteToAsync(Root + BlobOf(release, kind));
        }

        string folder = Directory.CreateDirectory(Path.Combine(Root, channel, release.Manifest.Arch.ToString())).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "manifest.json"), release.Manifest.RawBytes.ToArray());
        await File.WriteAllTextAsync(Path.Combine(Root, "status.json"), $$"""
            {"name":"plasmd","state":"serving","releases":[{{string.Join(',', _releases.Select(each => $$"""
            {"channel":"{{each.Manifest.Channel}}","arch":"{{each.Manifest.Arch}}","manifest":"{{each.Manifest.Digest}}","state":"serving"}
            """))}}]}
            """);
        return release;
    }

    public void Dispose()
    {
        foreach (TestRelease release in _releases)
        {
            release.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
