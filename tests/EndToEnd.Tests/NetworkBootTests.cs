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
        await using QemuMachine machine = await QemuMachine.StartAsync(new QemuMachineOptions
        {
            Name = "iPXE machine",
            MemoryMegabytes = 512,
            NetworkBootUrl = $"{provider.UrlForMachines}/boot.ipxe",
        });

        await machine.WaitForAsync("target kernel started");
        await HttpProbe.WaitForOkAsync(new Uri(machine.Url, "/readyz"), QemuMachine.BootLimit, machine.Console);
        using HttpClient client = new() { Timeout = QemuMachine.BootLimit };
        byte[] manifest = await client.GetByteArrayAsync(new Uri(machine.Url, "/manifest.json"));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(lab.Release, "manifest.json")), manifest);
    }
}
