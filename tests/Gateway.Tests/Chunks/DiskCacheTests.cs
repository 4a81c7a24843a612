using System.Diagnostics;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Chunks;

/// <summary>The disk saves fetches, and is believed no more than a replica.</summary>
public sealed class DiskCacheTests : IDisposable
{
    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("phasemesh-chunks-");

    private SceneOptions Options => new() { Chunks = new ChunkStoreOptions { MemoryBytes = 64 << 20, Directory = _directory.FullName } };

    [Fact]
    public async Task AfterARestart_ArtifactsComeFromDisk()
    {
        await FillAsync();
        await using ForwardingScene again = await ForwardingScene.StartAsync(Options, ProviderFault.None);

        await again.DownloadAllAsync(16);

        Assert.Empty(again.Providers[0].Requests);
        Assert.Equal(again.SizeOf(ArtifactKind.Rootfs), again.Counters.DiskReadBytes);
    }

    [Fact]
    public async Task AfterARestart_EveryKindOfPoisonIsRefusedAndFetchedAgain()
    {
        await FillAsync();
        string[] files = System.IO.Directory.GetFiles(_directory.FullName, "*", SearchOption.AllDirectories);
        for (int index = 0; index < files.Length; index++)
        {
            Poison(files[index], files[(index + 1) % files.Length], index);
        }

        await using ForwardingScene again = await ForwardingScene.StartAsync(Options, ProviderFault.None);
        await again.DownloadAllAsync(64);

        Assert.True(again.Counters.DiskRefused > files.Length / 2);
        Assert.Equal(again.SizeOf(ArtifactKind.Rootfs), again.Providers[0].ArtifactBytes + again.Counters.DiskReadBytes);
    }

    [Fact]
    public async Task PoisonedWhileItRuns_WhatMemoryHasEvictedIsVerifiedAgain()
    {
        SceneOptions options = Options with { Chunks = Options.Chunks with { MemoryBytes = 1 << 20 } };
        await using ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None);
        await scene.DownloadAllAsync(1);
        await Eventually.IsAsync(() => scene.Disk.HeldBytes > scene.SizeOf(ArtifactKind.Rootfs) / 2);
        string[] files = System.IO.Directory.GetFiles(_directory.FullName, "*", SearchOption.AllDirectories);
        foreach (string file in files.Where(file => !file.EndsWith(".part", StringComparison.Ordinal)))
        {
            Poison(file, file, 0);
        }

        await scene.DownloadAllAsync(16);

        Assert.True(scene.Counters.DiskRefused > 0);
    }

    [Fact]
    public async Task TornByAKill_UnfinishedFilesAreRemovedAndForeignOnesIgnored()
    {
        string folder = _directory.CreateSubdirectory("ab").FullName;
        string unfinished = Path.Combine(folder, $"ab{new string('0', 62)}.65536.part");
        string foreign = Path.Combine(folder, "notes.txt");
        await File.WriteAllTextAsync(unfinished, "half");
        await File.WriteAllTextAsync(foreign, "mine");

        await using ForwardingScene scene = await ForwardingScene.StartAsync(Options, ProviderFault.None);
        await scene.DownloadAllAsync(2);

        Assert.False(File.Exists(unfinished));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task DiskLimit_IsKept()
    {
        const int limit = 1 << 20;
        SceneOptions options = Options with { Chunks = Options.Chunks with { DiskBytes = limit } };
        await using (ForwardingScene scene = await ForwardingScene.StartAsync(options, ProviderFault.None))
        {
            await scene.DownloadAllAsync(1);
            await Eventually.IsAsync(() => scene.Disk.HeldBytes > limit / 2);
            Assert.InRange(scene.Disk.HeldBytes, 1, limit);
        }

        // All that was to be written has been.
        Assert.InRange(_directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length), 1, limit);
    }

    [Fact]
    public async Task FullDisk_DownloadsGoOnFromMemory()
    {
        Run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", _directory.FullName);
        try
        {
            await using ForwardingScene scene = await ForwardingScene.StartAsync(Options, ProviderFault.None);

            await scene.DownloadAllAsync(64);

            Assert.InRange(scene.Counters.DiskWrittenBytes, 0, 256 * 1024);
            await scene.DownloadAllAsync(4, ArtifactKind.Kernel);
        }
        finally
        {
            Run("umount", _directory.FullName);
        }
    }

    [Fact]
    public async Task DirectoryThatCannotBe_DownloadsGoOnFromMemory()
    {
        string file = Path.Combine(_directory.FullName, "file");
        await File.WriteAllTextAsync(file, "");
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            Options with { Chunks = Options.Chunks with { Directory = Path.Combine(file, "cache") } }, ProviderFault.None);

        await scene.DownloadAllAsync(16);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>A first gateway that has left everything on disk.</summary>
    private async Task FillAsync()
    {
        await using ForwardingScene first = await ForwardingScene.StartAsync(Options, ProviderFault.None);
        await first.DownloadAllAsync(2);
        await Eventually.IsAsync(() => first.Disk.HeldBytes == first.SizeOf(ArtifactKind.Rootfs));
    }

    private static void Poison(string file, string other, int kind)
    {
        switch (kind % 4)
        {
            case 0:
                byte[] content = File.ReadAllBytes(file);
                content[content.Length / 2] ^= 1;
                File.WriteAllBytes(file, content);
                break;
            case 1:
                File.WriteAllBytes(file, []);
                break;
            case 2:
                File.Copy(other, file, overwrite: true); // Another chunk's bytes under its name.
                break;
            default:
                File.Delete(file);
                break;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
