using PhaseMesh.Silo.Tests.Clients.Programs;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Clients;

/// <summary>A browser at plasmd.</summary>
public sealed class BrowserTests
{
    [Theory]
    [InlineData(BodyTransport.Best)]
    [InlineData(BodyTransport.Portable)]
    public async Task Chromium_DownloadsEveryArtifact(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using DownloadedFiles files = new(scene.Address, scene.Read);
        await Chromium.DownloadAllAsync(files, "plasmd");
    }
}
