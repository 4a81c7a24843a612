using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Loop;

/// <summary>
/// Power-on to serving: discovery, fetch, verification and kexec included, against the same kernel, initramfs and rootfs
/// handed to QEMU ready to run.
/// </summary>
internal sealed class ServingBenchmark : IBenchmark
{
    public IReadOnlyList<string> RowNames { get; } = ["loop.serving"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using BootLab lab = await BootLab.CreateAsync();
        await using PlasmdProcess provider = await lab.StartProviderAsync();
        DirectBoot direct = await lab.PrepareDirectBootAsync();
        List<(double, double)> measured = [];
        for (int round = 0; round < rounds; round++)
        {
            await using QemuMachine booted = await lab.BootAsync("booted", $"phase.provider={provider.UrlForMachines}");
            double ours = await SecondsToServingAsync(booted);
            await booted.DisposeAsync();
            await using QemuMachine ready = await QemuMachine.StartAsync(new QemuMachineOptions { Name = "direct", Direct = direct });
            measured.Add((ours, await SecondsToServingAsync(ready)));
        }

        return [Row.From(RowNames[0], "s", higherIsBetter: false, "same kernel and rootfs, nothing fetched", measured)];
    }

    private static async Task<double> SecondsToServingAsync(QemuMachine machine)
    {
        await HttpProbe.WaitForOkAsync(new Uri(machine.Url, "/readyz"), QemuMachine.BootLimit, machine.Console);
        return machine.Console.Elapsed.TotalSeconds;
    }
}
