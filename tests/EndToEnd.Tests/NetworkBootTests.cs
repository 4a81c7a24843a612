using System.Net.Http.Json;
using System.Text.Json;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>A machine with no boot image at all: its network card's iPXE runs the script a provider makes.</summary>
public class NetworkBootTests
{
    [Fact]
    public async Task NetworkCard_LoadsBootScript_MachineServesTheRelease()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using PlasmdProcess provider = await lab.StartProviderAsync();
        await BootFromAsync(provider.UrlForMachines, lab);
    }

    [Fact]
    public async Task NetworkCard_LoadsAllFromAGateway_MachineServesTheRelease()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using PlasmdProcess provider = await lab.StartProviderAsync();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(
            [], lab.PathOf("gateway.state"), lab.OperatorKeyId, provider.Url);
        await BootFromAsync(gateway.UrlForMachines, lab);

        // All of it came this way; the machine has verified it, or it would not serve it.
        long release = Directory.EnumerateFiles(lab.Release).Sum(file => new FileInfo(file).Length);
        using HttpClient client = new();
        JsonElement status = await client.GetFromJsonAsync<JsonElement>(gateway.Url);
        Assert.True(status.GetProperty("load").GetProperty("bytes_sent").GetInt64() >= release, gateway.Console.Tail());
    }

    private static async Task BootFromAsync(string url, BootLab lab)
    {
        await using QemuMachine machine = await QemuMachine.StartAsync(new QemuMachineOptions
        {
            Name = "iPXE machine",
            MemoryMegabytes = 512,
            NetworkBootUrl = $"{url}/boot.ipxe",
        });

        await machine.WaitForAsync("target kernel started");
        await HttpProbe.WaitForOkAsync(new Uri(machine.Url, "/readyz"), QemuMachine.BootLimit, machine.Console);
        using HttpClient client = new() { Timeout = QemuMachine.BootLimit };
        byte[] manifest = await client.GetByteArrayAsync(new Uri(machine.Url, "/manifest.json"));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(lab.Release, "manifest.json")), manifest);
    }
}
