using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Tests.Generation;

/// <summary>Alone in the process while it counts allocations.</summary>
[CollectionDefinition(nameof(AllocationsAreCounted), DisableParallelization = true)]
public sealed class AllocationsAreCounted;

[Collection(nameof(AllocationsAreCounted))]
public sealed class ArtifactHasherTests : IDisposable
{
    private const int Mebibyte = 1 << 20;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1, null)]
    [InlineData(65_536, 65_536)]
    [InlineData(65_537, 65_536)]
    [InlineData(Mebibyte - 1, null)]
    [InlineData(Mebibyte, null)]
    [InlineData((5 * Mebibyte) + 123, null)]
    [InlineData((5 * Mebibyte) + 123, 65_536)]
    [InlineData((5 * Mebibyte) + 123, 4 * Mebibyte)]
    [InlineData((5 * Mebibyte) + 123, 64 * Mebibyte)]
    public async Task HashAsync_AnySizeAndChunkSize_MatchesHashingTheBytes(int sizeBytes, int? chunkSizeBytes)
    {
        byte[] content = new byte[sizeBytes];
        new Random(sizeBytes).NextBytes(content);
        using SafeFileHandle file = Create(content);
        List<long> progress = [];

        ManifestArtifact artifact = await ArtifactHasher.HashAsync(
            file, ArtifactKind.Rootfs, "/rootfs", chunkSizeBytes, new Reporter(progress.Add), CancellationToken.None);

        Assert.Equal(Sha256Digest.Compute(content), artifact.Digest);
        Assert.Equal((sizeBytes, "/rootfs", ArtifactKind.Rootfs), (artifact.SizeBytes, artifact.Path, artifact.Kind));
        ChunkTable chunks = artifact.Chunks!;
        Assert.Equal(chunkSizeBytes ?? Mebibyte, chunks.ChunkSizeBytes);
        for (int index = 0; index < chunks.Count; index++)
        {
            (long offset, int length) = chunks.RangeOf(index);
            Assert.Equal(Sha256Digest.Compute(content.AsSpan((int)offset, length)), chunks[index]);
        }

        Assert.Equal(sizeBytes, progress[^1]);
        Assert.Equal(progress.Order(), progress);
    }

    [Fact]
    public async Task HashAsync_SparseGibibyte_TakesConstantMemory()
    {
        const long SizeBytes = 1L << 30;
        using SafeFileHandle file = Create([]);
        RandomAccess.SetLength(file, SizeBytes);
        using SafeFileHandle small = Create(new byte[Mebibyte]);
        await ArtifactHasher.HashAsync(small, ArtifactKind.Rootfs, "/rootfs", null, null, CancellationToken.None); // Fills the pool.

        long before = GC.GetTotalAllocatedBytes(precise: true);
        ManifestArtifact artifact = await ArtifactHasher.HashAsync(file, ArtifactKind.Rootfs, "/rootfs", null, null, CancellationToken.None);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.InRange(allocated, 0, 4 * Mebibyte); // Buffers are pooled; what grows is a few task objects a block.
        Assert.Equal(1024, artifact.Chunks!.Count);
        Assert.Equal(Sha256Digest.Compute(new byte[Mebibyte]), artifact.Chunks[1023]);
        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] zeros = new byte[Mebibyte];
        for (int block = 0; block < 1024; block++)
        {
            whole.AppendData(zeros);
        }

        Assert.Equal(new Sha256Digest(whole.GetHashAndReset()), artifact.Digest);
    }

    [Fact]
    public async Task HashAsync_FileShrinksMeanwhile_IsRefused() =>
        await AssertChangeIsNoticedAsync(file => RandomAccess.SetLength(file, 2 * Mebibyte), "it had 8388608");

    [Fact]
    public async Task HashAsync_FileGrowsMeanwhile_IsRefused() =>
        await AssertChangeIsNoticedAsync(file => RandomAccess.Write(file, [1], 8 * Mebibyte), "8388609 bytes");

    [Fact]
    public async Task HashAsync_FileRewrittenInPlaceMeanwhile_IsRefused() =>
        await AssertChangeIsNoticedAsync(file => RandomAccess.Write(file, [1], 0), "was modified");

    [Fact]
    public async Task HashAsync_CancelledMeanwhile_Stops()
    {
        using SafeFileHandle file = Create(new byte[8 * Mebibyte]);
        using CancellationTokenSource cancellation = new();
        List<long> progress = [];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ArtifactHasher.HashAsync(
            file, ArtifactKind.Kernel, "/kernel", null, new Reporter(bytes =>
            {
                progress.Add(bytes);
                cancellation.Cancel();
            }), cancellation.Token));
        Assert.Single(progress);
    }

    [Fact]
    public async Task HashAsync_WhatCannotBeAnArtifact_IsRefusedAtOnce()
    {
        using SafeFileHandle empty = Create([]);
        using SafeFileHandle file = Create([1]);
        Task<ManifestArtifact> hash(SafeFileHandle handle, string path, int? chunkSizeBytes) =>
            ArtifactHasher.HashAsync(handle, ArtifactKind.Kernel, path, chunkSizeBytes, null, CancellationToken.None);

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => hash(empty, "/kernel", null));
        Assert.Contains("kernel is empty", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => hash(file, "kernel", null));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => hash(file, "/kernel", 1000));
        RandomAccess.SetLength(file, 4097L << 16);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => hash(file, "/kernel", 1 << 16));
    }

    private async Task AssertChangeIsNoticedAsync(Action<SafeFileHandle> change, string words)
    {
        using SafeFileHandle file = Create(new byte[8 * Mebibyte]);
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        bool changed = false;
        ArtifactChangedException refused = await Assert.ThrowsAsync<ArtifactChangedException>(() => ArtifactHasher.HashAsync(
            file, ArtifactKind.Kernel, "/kernel", null, new Reporter(_ =>
            {
                if (!changed)
                {
                    change(file);
                    changed = true;
                }
            }), CancellationToken.None));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    private SafeFileHandle Create(byte[] content)
    {
        SafeFileHandle file = File.OpenHandle(_directory.File(Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.Write(file, content, 0);
        return file;
    }

    /// <summary>Unlike Progress&lt;T&gt;, calls back at once.</summary>
    private sealed class Reporter(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
