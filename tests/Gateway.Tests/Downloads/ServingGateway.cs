using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Silo.Tests.Clients.Programs;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Downloads;

/// <summary>phase-gateway before two plasmds, all real processes.</summary>
public sealed class ServingGateway : IAsyncLifetime
{
    private readonly List<ChildProcess> _processes = [];
    private Uri _url = null!;

    private TestRelease Release { get; } = TestRelease.Create(
        new TestReleaseOptions { KernelBytes = (3 << 20) + 17, RootfsBytes = 40_000_003 });

    private ReleaseDirectory Directory { get; } = new();

    public async Task InitializeAsync()
    {
        Directory.Write(Release);
        List<Uri> providers = [];
        foreach (string name in (string[])["left", "right"])
        {
            (ChildProcess plasmd, Uri url) = await Programs.ServeAsync(Directory, name);
            _processes.Add(plasmd);
            providers.Add(url);
        }

        (ChildProcess gateway, _url) = await Programs.GatewayAsync(Directory, Release, providers);
        _processes.Add(gateway);
    }

    internal DownloadedFiles Files() => new(_url, name => File.ReadAllBytes(Path.Combine(Directory.Artifacts, name)));

    public async Task DisposeAsync()
    {
        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        Directory.Dispose();
        Release.Dispose();
    }
}
