using System.Security.Cryptography;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.TestKit.FaultyProviders;

/// <summary>A small signed release with made-up artifacts.</summary>
public sealed class TestRelease : IDisposable
{
    public const int ChunkSizeBytes = ChunkTable.MinChunkSizeBytes;

    private TestRelease(Ed25519PrivateKey key, IReadOnlyDictionary<ArtifactKind, ArtifactContent> contents, BootManifest manifest) =>
        (Key, Contents, Manifest) = (key, contents, manifest);

    public Ed25519PrivateKey Key { get; }

    public IReadOnlyDictionary<ArtifactKind, ArtifactContent> Contents { get; }

    public BootManifest Manifest { get; }

    public static TestRelease Create(TestReleaseOptions? options = null)
    {
        options ??= new TestReleaseOptions();
        Ed25519PrivateKey key = options.KeySeed is { } seed ? Ed25519PrivateKey.FromSeed(Seed(seed)) : Ed25519PrivateKey.Generate();
        Dictionary<ArtifactKind, ArtifactContent> contents = new()
        {
            [ArtifactKind.Kernel] = new ArtifactContent(options.ContentSeed, options.KernelBytes),
            [ArtifactKind.Initramfs] = new ArtifactContent(options.ContentSeed + 1, options.InitramfsBytes),
        };
        if (options.RootfsBytes > 0)
        {
            contents.Add(ArtifactKind.Rootfs, new ArtifactContent(options.ContentSeed + 2, options.RootfsBytes));
        }

        ManifestDraft draft = new()
        {
            Version = "2026.11.21",
            Channel = options.Channel,
            Arch = options.Arch,
            Release = options.Release,
            Created = options.Created,
            Expires = options.Expires,
            CommandLine = options.CommandLine,
            Artifacts = [.. contents.Select(each => Describe(each.Key, each.Value, options.ChunkSizeBytes))],
        };
        return new TestRelease(key, contents, draft.Build(options.IsSigned ? [key] : []));
    }

    public void Dispose() => Key.Dispose();

    private static byte[] Seed(int value)
    {
        byte[] seed = new byte[32];
        seed[0] = (byte)value;
        return seed;
    }

    private static ManifestArtifact Describe(ArtifactKind kind, ArtifactContent content, int? chunkSizeBytes)
    {
        int step = chunkSizeBytes ?? ChunkSizeBytes;
        byte[] buffer = new byte[step];
        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<Sha256Digest> chunks = [];
        for (long offset = 0; offset < content.Length; offset += step)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(step, content.Length - offset));
            content.Read(offset, chunk);
            whole.AppendData(chunk);
            chunks.Add(Sha256Digest.Compute(chunk));
        }

        ChunkTable? table = chunkSizeBytes is null ? null : new ChunkTable(content.Length, step, [.. chunks]);
        return new ManifestArtifact(kind, new Sha256Digest(whole.GetHashAndReset()), content.Length, "/" + kind.Name(), table);
    }
}

/// <summary>How a <see cref="TestRelease"/> differs from the usual one.</summary>
public sealed record TestReleaseOptions
{
    /// <summary>Null: a new random key; the same number gives the same key.</summary>
    public int? KeySeed { get; init; } = 1;

    public int ContentSeed { get; init; } = 100;

    public long KernelBytes { get; init; } = 300_001;

    public long InitramfsBytes { get; init; } = 200_002;

    /// <summary>0: no rootfs.</summary>
    public long RootfsBytes { get; init; } = 1_500_003;

    /// <summary>Null: a manifest without chunk digests.</summary>
    public int? ChunkSizeBytes { get; init; } = TestRelease.ChunkSizeBytes;

    public ReleaseChannelName Channel { get; init; } = ReleaseChannelName.Parse("stable");

    public MachineArch Arch { get; init; } = MachineArch.X64;

    public long? Release { get; init; } = 7;

    public DateTimeOffset? Created { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public string? CommandLine { get; init; } = "console=ttyS0 quiet";

    public bool IsSigned { get; init; } = true;
}
