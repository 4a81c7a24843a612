using System.Text.Json.Nodes;
using PhaseMesh.TestKit.BootLab;

namespace PhaseMesh.EndToEnd.Tests;

/// <summary>The loop on real kernels: a machine boots from a provider, becomes one, and the next boots from it alone.</summary>
public class LoopTests
{
    /// <summary>The smallest memory that docs/boot-image.md states; the loop is run with exactly that.</summary>
    internal const int SmallestMemoryMegabytes = 336;

    [Fact]
    public async Task Machine_BootsFromProviderThatIsThenGone_NextMachineBootsFromIt()
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using PlasmdProcess provider = await lab.StartProviderAsync();
        await using QemuMachine first = await lab.BootAsync("first machine", $"phase.provider={provider.UrlForMachines}", SmallestMemoryMegabytes);
        await BootTimeline.FollowAsync(first);
        Assert.Equal(0, await provider.StopAsync());

        // What the booted machine serves is what the operator signed, byte for byte.
        using HttpClient client = new() { Timeout = QemuMachine.BootLimit };
        foreach (string file in (string[])["manifest.json", "kernel", "initramfs", "rootfs"])
        {
            byte[] served = await client.GetByteArrayAsync(new Uri(first.Url, file));
            byte[] signed = await File.ReadAllBytesAsync(Path.Combine(lab.Release, file));
            Assert.True(served.AsSpan().SequenceEqual(signed), $"/{file} differs");
        }

        await using QemuMachine second = await lab.BootAsync("second machine", $"phase.provider={first.UrlForMachines}", SmallestMemoryMegabytes);
        await BootTimeline.FollowAsync(second);
        Assert.Equal(await ManifestDigestAsync(client, first), await ManifestDigestAsync(client, second));

        // The second machine ran what the first one served: it was the only provider left.
        JsonNode status = JsonNode.Parse(await client.GetStringAsync(first.Url))!;
        long rootfsBytes = new FileInfo(Path.Combine(lab.Release, "rootfs")).Length;
        Assert.True(status["load"]!["bytes_sent"]!.GetValue<long>() > rootfsBytes, $"the first machine served too little: {status["load"]}");
    }

    private static async Task<string> ManifestDigestAsync(HttpClient client, QemuMachine machine)
    {
        JsonNode status = JsonNode.Parse(await client.GetStringAsync(machine.Url))!;
        return status["releases"]![0]!["manifest"]!.GetValue<string>();
    }
}
