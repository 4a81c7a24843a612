using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Catalog.Stamps;
using PhaseMesh.Silo.Identity;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Catalog;

/// <summary>Files without a manifest: the provider makes one and signs it.</summary>
public sealed class GeneratedReleaseTests
{
    [Fact]
    public async Task EmptyDirectory_LivesIsNotReadyAndPicksUpWhatAppears()
    {
        await using ServingScene scene = new();
        await scene.StartAsync();
        await scene.WaitForProblemAsync("No kernel found");
        Assert.Equal(200, (int)(await scene.Client.GetAsync("/livez")).StatusCode);
        Assert.Contains("No kernel found", (await scene.GetJsonAsync("/readyz", System.Net.HttpStatusCode.ServiceUnavailable)).GetProperty("reasons")[0].GetString());
        Assert.Equal(503, (int)(await scene.Client.GetAsync("/health")).StatusCode);
        Assert.Equal(503, (int)(await scene.Client.GetAsync("/manifest.json")).StatusCode);

        scene.Write("vmlinuz", ServingScene.Content("kernel", 1000));
        await scene.WaitForProblemAsync("No initramfs found");
        scene.Write("initramfs.img", ServingScene.Content("initramfs", 2000));
        await scene.WaitForAsync(catalog => catalog.Default!.Serving is not null);
        Assert.Equal(200, (int)(await scene.Client.GetAsync("/readyz")).StatusCode);
        Assert.Equal(1000, (await scene.Client.GetByteArrayAsync("/kernel")).Length);
    }

    [Fact]
    public async Task Manifest_IsSignedByTheNodeAndTheSameAfterARestart()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync();
        byte[] first = await scene.Client.GetByteArrayAsync("/manifest.json");
        BootManifest manifest = BootManifest.Parse(first);
        Assert.True(ManifestVerifier.Verify(manifest, new TrustPolicy([scene.Host.NodeKey]), new ManifestExpectation()).IsTrusted);
        Assert.Equal(1, manifest.Release);
        Assert.NotNull(manifest.Created);
        Assert.Null(manifest.Expires);
        Assert.Equal(Sha256Digest.Compute(scene.Read("rootfs")), manifest.Artifacts[ArtifactKind.Rootfs].Digest);

        await scene.RestartAsync();
        await scene.WaitForAsync(catalog => catalog.Default!.Serving is not null);
        Assert.Equal(first, await scene.Client.GetByteArrayAsync("/manifest.json"));
    }

    [Fact]
    public async Task NewFiles_MakeTheNextReleaseAndTheOldStaysReadableForAWhile()
    {
        await using ServingScene scene = await new ServingScene
        {
            Catalog = new CatalogOptions { PollInterval = TimeSpan.FromMilliseconds(50), MaxRetiredReleases = 1 },
        }.ServeAsync();
        List<Release> releases = [scene.Serving];
        for (int number = 2; number <= 3; number++)
        {
            scene.Replace("kernel", ServingScene.Content($"kernel {number}", 1000 * number));
            releases.Add(await scene.WaitForReleaseAfterAsync(releases[^1]));
            Assert.Equal(number, releases[^1].Manifest.Release);
        }

        Assert.Equal(404, (int)(await scene.Client.GetAsync($"/blobs/{releases[0].Files[ArtifactKind.Kernel].Artifact.Digest}")).StatusCode);
        Assert.Equal(200, (int)(await scene.Client.GetAsync($"/blobs/{releases[1].Files[ArtifactKind.Kernel].Artifact.Digest}")).StatusCode);
        Assert.Equal(200, (int)(await scene.Client.GetAsync($"/blobs/{releases[1].Manifest.Digest}")).StatusCode);

        // What is no longer readable holds no disk space.
        Assert.True(releases[0].Files.Values.All(file => file.Handle.IsClosed));
        Assert.DoesNotContain(releases[1].Files.Values, file => file.Handle.IsClosed);
    }

    [Fact]
    public async Task RetiredRelease_IsDroppedAfterItsTime()
    {
        await using ServingScene scene = await new ServingScene
        {
            Catalog = new CatalogOptions { PollInterval = TimeSpan.FromMilliseconds(50), RetiredReleaseRetention = TimeSpan.Zero },
        }.ServeAsync();
        Release old = scene.Serving;
        scene.Replace("kernel", ServingScene.Content("kernel 2", 1000));
        await scene.WaitForReleaseAfterAsync(old);
        await scene.WaitForAsync(catalog => !catalog.Manifests.ContainsKey(old.Manifest.Digest));
        Assert.True(old.Files.Values.All(file => file.Handle.IsClosed));
    }

    [Fact]
    public async Task SeveralChannelsAndArchs_EachFindTheirFiles()
    {
        await using ServingScene scene = new()
        {
            Channels =
            [
                new ServedChannelOptions
                {
                    Channel = ReleaseChannelName.Parse("stable"), Archs = [MachineArch.Arm64, MachineArch.X64],
                    Kernel = "vmlinuz-stable", Initramfs = "initramfs-stable.img", Rootfs = "rootfs-stable.sqfs",
                },
                new ServedChannelOptions
                {
                    Channel = ReleaseChannelName.Parse("testing"), Archs = [MachineArch.Arm64], Kernel = "vmlinuz-testing", Initramfs = "initramfs-testing.img",
                },
            ],
        };
        foreach ((string directory, string channel, bool hasRootfs) in new[] { ("stable/arm64", "stable", true), ("x86_64", "stable", true), ("", "testing", false) })
        {
            scene.Write(Path.Combine(directory, $"vmlinuz-{channel}"), ServingScene.Content(directory, 1000));
            scene.Write(Path.Combine(directory, $"initramfs-{channel}.img"), ServingScene.Content(directory, 1001));
            if (hasRootfs)
            {
                scene.Write(Path.Combine(directory, $"rootfs-{channel}.sqfs"), ServingScene.Content(directory, 1002));
            }
        }

        await scene.StartAsync();
        await scene.WaitForAsync(catalog => catalog.Slots.Count == 3 && catalog.Slots.All(slot => slot.Serving is not null));
        Assert.Equal(ServingScene.Content("stable/arm64", 1000), await scene.Client.GetByteArrayAsync("/kernel"));
        Assert.Equal(ServingScene.Content("x86_64", 1002), await scene.Client.GetByteArrayAsync("/stable/amd64/rootfs"));
        Assert.Equal(ServingScene.Content("", 1000), await scene.Client.GetByteArrayAsync("/testing/aarch64/kernel"));
        BootManifest testing = BootManifest.Parse(await scene.Client.GetByteArrayAsync("/testing/arm64/manifest.json"));
        Assert.Equal("/testing/arm64/kernel", testing.Artifacts[ArtifactKind.Kernel].Path);
        Assert.False(testing.Artifacts.ContainsKey(ArtifactKind.Rootfs));
        Assert.Equal(404, (int)(await scene.Client.GetAsync("/testing/arm64/rootfs")).StatusCode);
    }

    [Fact]
    public async Task DiskDamageThatLeavesTheTimesAlone_IsFoundByTheScrubAndNeverSignedAnew()
    {
        HidingStamps stamps = new();
        await using ServingScene scene = await new ServingScene
        {
            Stamps = stamps,
            Catalog = new CatalogOptions { PollInterval = TimeSpan.FromMilliseconds(50), ScrubInterval = TimeSpan.FromMilliseconds(200) },
        }.ServeAsync();
        stamps.Hide();
        byte[] damaged = scene.Read("rootfs");
        damaged[^1] ^= 1;
        scene.Write("rootfs", damaged);

        await scene.WaitForProblemAsync("its content hashes to");
        using HttpResponseMessage response = await scene.Client.GetAsync("/rootfs");
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Null(scene.Host.Catalog.Current.Default!.Serving);
    }

    [Fact]
    public async Task NodeKey_IsMadeOncePrivateAndNeverReplaced()
    {
        await using ServingScene scene = new();
        await scene.StartAsync();
        Ed25519PublicKey key = scene.Host.NodeKey;
        string path = Path.Combine(scene.State, NodeIdentity.FileName);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(scene.State).UnixFileMode);
        await scene.RestartAsync();
        Assert.Equal(key, scene.Host.NodeKey);

        await File.WriteAllTextAsync(path, "rubbish");
        Assert.Throws<FormatException>(() => NodeIdentity.LoadOrCreate(scene.State));
        Assert.Equal("rubbish", await File.ReadAllTextAsync(path));
    }

    /// <summary>Once told to, shows every file as it first saw it.</summary>
    private sealed class HidingStamps : IFileStamps
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<ulong, FileStamp> _first = new();
        private volatile bool _hides;

        public bool KnowsChangeTime => true;

        public void Hide() => _hides = true;

        public FileStamp Of(Microsoft.Win32.SafeHandles.SafeFileHandle file) => Show(FileStamps.ForThisSystem.Of(file));

        public FileStamp? Of(string path) => FileStamps.ForThisSystem.Of(path) is { } stamp ? Show(stamp) : null;

        private FileStamp Show(FileStamp stamp) => _hides && _first.TryGetValue(stamp.Inode, out FileStamp first) ? first : _first[stamp.Inode] = stamp;
    }
}
