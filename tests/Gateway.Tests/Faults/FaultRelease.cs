using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>A release whose rootfs is more than a gateway of 16 MiB holds, and an honest plasmd that serves it to all scenarios.</summary>
public sealed class FaultRelease : IAsyncLifetime
{
    private ChildProcess? _plasmd;

    internal TestRelease Release { get; } = TestRelease.Create(new TestReleaseOptions { RootfsBytes = (40 << 20) + 12_345 });

    internal ReleaseDirectory Directory { get; } = new();

    /// <summary>The bytes of the rootfs, whose digest is the signed one.</summary>
    internal byte[] Rootfs { get; private set; } = [];

    internal Uri Good { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Directory.Write(Release);
        Rootfs = await File.ReadAllBytesAsync(Path.Combine(Directory.Artifacts, ArtifactKind.Rootfs.Name()));
        Assert.Equal(Release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest, Sha256Digest.Compute(Rootfs));
        (_plasmd, Good) = await Programs.ServeAsync(Directory, "good");
    }

    public async Task DisposeAsync()
    {
        if (_plasmd is not null)
        {
            await _plasmd.DisposeAsync();
        }

        Directory.Dispose();
        Release.Dispose();
    }
}
