using PhaseMesh.Silo.Tests.Clients.Programs;

namespace PhaseMesh.Gateway.Tests.Downloads;

/// <summary>The same programs as at plasmd, through a gateway.</summary>
public sealed class DownloadProgramsTests(ServingGateway gateway) : IClassFixture<ServingGateway>
{
    [Fact]
    public Task Curl_WholeResumedAndByRanges() => WithAsync(CommandLinePrograms.CurlAsync);

    [Fact]
    public Task Wget_WholeAndContinued() => WithAsync(CommandLinePrograms.WgetAsync);

    [Fact]
    public Task BusyboxWget_WholeAndContinued() => WithAsync(CommandLinePrograms.BusyboxWgetAsync);

    [Fact]
    public Task Aria2_With16Connections_WholeAndContinued() => WithAsync(CommandLinePrograms.Aria2Async);

    [Fact]
    public Task Chromium_DownloadsEveryArtifact() => WithAsync(files => Chromium.DownloadAllAsync(files, "phase-gateway"));

    private async Task WithAsync(Func<DownloadedFiles, Task> downloadAsync)
    {
        using DownloadedFiles files = gateway.Files();
        await downloadAsync(files);
    }
}
