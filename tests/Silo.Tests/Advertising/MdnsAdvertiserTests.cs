using System.Net;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Advertising;

public sealed class MdnsAdvertiserTests : IAsyncLifetime
{
    private readonly AnnouncedLan _lan = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _lan.DisposeAsync().AsTask();

    [Fact]
    public async Task Announce_OnceReady_SaysWhereTheManifestIsAndWhatItIs()
    {
        await using ServingScene scene = new() { Multicast = _lan.ConnectProvider };
        await scene.StartAsync();
        await scene.WaitForAsync(catalog => catalog.IsScanned);
        Assert.DoesNotContain(AnnouncedLan.ProviderAddress, _lan.Sources);

        scene.WriteStandardFiles();
        (ServiceInstance instance, PhaseImageService service) = await _lan.NextAsync(ServiceChangeKind.Added);

        string key = scene.Host.NodeKey.KeyId;
        Assert.Equal($"stable x86_64 {key[^8..]}", instance.InstanceName);
        Assert.Equal($"plasmd-{key[^8..]}.local", instance.HostName.ToString());
        Assert.Equal(AnnouncedLan.ProviderAddress, Assert.Single(instance.Addresses));
        Assert.Equal(scene.Host.BoundPort, instance.Port);
        Assert.Equal(
            new PhaseImageService
            {
                Channel = "stable",
                Arch = "x86_64",
                Release = scene.Serving.Manifest.Release,
                ManifestPath = "/stable/x86_64/manifest.json",
                ManifestDigest = scene.Serving.Manifest.Digest.ToString(),
                PeerId = key,
            },
            service);
        byte[] manifest = await scene.Client.GetByteArrayAsync(service.ManifestPath);
        Assert.Equal(service.ManifestDigest, Sha256Digest.Compute(manifest).ToString());
    }

    [Fact]
    public async Task Announce_NewRelease_ChangesTheText()
    {
        await using ServingScene scene = await new ServingScene { Multicast = _lan.ConnectProvider }.ServeAsync();
        (_, PhaseImageService before) = await _lan.NextAsync(ServiceChangeKind.Added);

        Release old = scene.Serving;
        scene.Replace("kernel", ServingScene.Content("another kernel", 2 << 20));
        Release release = await scene.WaitForReleaseAfterAsync(old);

        (_, PhaseImageService after) = await _lan.NextAsync(ServiceChangeKind.Updated);
        Assert.Equal(before with { Release = release.Manifest.Release, ManifestDigest = release.Manifest.Digest.ToString() }, after);
        Assert.NotEqual(before.ManifestDigest, after.ManifestDigest);
    }

    [Fact]
    public async Task Announce_OneOfTwoReleasesTakenOut_WithdrawsThatOneAndBringsItBack()
    {
        await using ServingScene scene = new()
        {
            Multicast = _lan.ConnectProvider,
            Channels = [new ServedChannelOptions { Channel = ReleaseChannelName.Parse("stable"), Archs = [MachineArch.X64, MachineArch.Arm64] }],
        };
        foreach (string arch in (string[])["x86_64", "arm64"])
        {
            scene.Write($"{arch}/kernel", ServingScene.Content($"{arch} kernel", 100_000));
            scene.Write($"{arch}/initramfs", ServingScene.Content($"{arch} initramfs", 100_000));
        }

        await scene.StartAsync();
        string[] archs = [await ArchAsync(ServiceChangeKind.Added), await ArchAsync(ServiceChangeKind.Added)];
        Assert.Equal(["arm64", "x86_64"], archs.Order());

        File.Delete(Path.Combine(scene.Artifacts, "arm64/initramfs"));
        scene.Write("arm64/kernel", ServingScene.Content("written in place", 100_000));
        Assert.Equal("arm64", await ArchAsync(ServiceChangeKind.Removed));
        Assert.Equal("x86_64", Assert.Single(_lan.Found).Text["arch"]);

        scene.Write("arm64/initramfs", ServingScene.Content("a new initramfs", 100_000));
        Assert.Equal("arm64", await ArchAsync(ServiceChangeKind.Added));

        async Task<string> ArchAsync(ServiceChangeKind kind) => (await _lan.NextAsync(kind)).Service.Arch;
    }

    [Fact]
    public async Task Drain_DownloadInFlight_SaysGoodbyeFirst()
    {
        await using ServingScene scene = await new ServingScene { Multicast = _lan.ConnectProvider }
            .ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        await _lan.NextAsync(ServiceChangeKind.Added);
        using RawExchange download = new(await scene.ConnectAsync(receiveBufferBytes: 256 * 1024));
        await download.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        await download.ReadHeadersAsync();

        Task stopped = scene.Host.StopAsync();
        await _lan.NextAsync(ServiceChangeKind.Removed);
        Assert.False(stopped.IsCompleted);
        Assert.Equal(1, scene.Host.Load.RequestsInFlight);

        Assert.Equal(64 << 20, (await download.ReadBodyAsync(64 << 20)).Length);
        await stopped.WaitAsync(ServingScene.Limit);
        Assert.Empty(_lan.Found);
    }
}
