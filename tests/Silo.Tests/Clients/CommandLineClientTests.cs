using PhaseMesh.Silo.Tests.Clients.Programs;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Clients;

/// <summary>Programs that people download with, at plasmd.</summary>
public sealed class CommandLineClientTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public Task Curl_WholeResumedAndByRanges(BodyTransport transport) => WithAsync(transport, CommandLinePrograms.CurlAsync);

    [Theory]
    [MemberData(nameof(Transports))]
    public Task Wget_WholeAndContinued(BodyTransport transport) => WithAsync(transport, CommandLinePrograms.WgetAsync);

    [Theory]
    [MemberData(nameof(Transports))]
    public Task BusyboxWget_WholeAndContinued(BodyTransport transport) => WithAsync(transport, CommandLinePrograms.BusyboxWgetAsync);

    [Theory]
    [MemberData(nameof(Transports))]
    public Task Aria2_With16Connections_WholeAndContinued(BodyTransport transport) => WithAsync(
        transport, CommandLinePrograms.Aria2Async, scene => scene.Write("rootfs", ServingScene.Content("big", 40_000_003)));

    private static async Task WithAsync(
        BodyTransport transport, Func<DownloadedFiles, Task> downloadAsync, Action<ServingScene>? arrange = null)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport, arrange);
        using DownloadedFiles files = new(scene.Address, scene.Read);
        await downloadAsync(files);
    }
}
