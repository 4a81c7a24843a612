using System.Net;
using System.Net.Sockets;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Tests;

public sealed class ProviderHostTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("phasemesh-host-");

    [Fact]
    public async Task RunAsync_Cancelled_StopsCleanly()
    {
        using CancellationTokenSource stop = new();
        Task<int> running = ProviderHost.RunAsync(Options(0, "127.0.0.1"), stop.Token);
        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task RunAsync_PortTaken_Returns1()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Equal(1, await ProviderHost.RunAsync(Options(port, "127.0.0.1"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Theory]
    [InlineData("somewhere")]
    [InlineData("300.1.1.1")]
    public async Task RunAsync_BindIsNoAddress_Returns1(string bind) =>
        Assert.Equal(1, await ProviderHost.RunAsync(Options(0, bind), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)));

    [Fact]
    public async Task StartAsync_Bound_AnswersThereOnly()
    {
        await using ProviderHost host = await ProviderHost.StartAsync(Options(0, "::1"));
        using HttpClient client = new();
        Assert.Equal("{\"alive\":true}\n", await client.GetStringAsync($"http://[::1]:{host.BoundPort}/livez"));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync($"http://127.0.0.1:{host.BoundPort}/livez"));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private ProviderOptions Options(int port, string bind) => new()
    {
        Port = port,
        Bind = bind,
        ArtifactsDirectory = _directory.FullName,
        StateDirectory = Path.Combine(_directory.FullName, "state"),
        Channels = [new ServedChannelOptions { Channel = ReleaseChannelName.Parse("stable"), Archs = [MachineArch.X64] }],
    };
}
