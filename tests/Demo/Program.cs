using PhaseMesh.TestKit.BootLab;

// The main job, shown: a provider, a machine that boots from it, and, with the provider gone, a machine that boots from the machine.
// Everything runs on this host's loopback and ends with the demo.

try
{
    await RunAsync();
    return 0;
}
catch (Exception failure) when (failure is InvalidOperationException or TimeoutException or IOException)
{
    await Console.Error.WriteLineAsync($"demo: FAILED: {failure.Message}");
    return 1;
}

static async Task RunAsync()
{
    Console.WriteLine($"demo: machines are emulated by QEMU ({await QemuAccelerator.NameAsync()})");
    await using BootLab lab = await BootLab.CreateAsync();
    Console.WriteLine($"demo: a release signed by {lab.OperatorKeyId}");

    await using PlasmdProcess provider = await lab.StartProviderAsync();
    await using QemuMachine first = await BootAsync(lab, "machine 1", provider.UrlForMachines, "the provider");
    BootTimeline firstTimeline = await BootTimeline.FollowAsync(first);

    int exitCode = await provider.StopAsync();
    Console.WriteLine($"demo: the provider is stopped (exit code {exitCode}); machine 1 is the only one left");

    await using QemuMachine second = await BootAsync(lab, "machine 2", first.UrlForMachines, "machine 1");
    BootTimeline secondTimeline = await BootTimeline.FollowAsync(second);

    Console.WriteLine();
    Console.WriteLine("seconds since power-on   machine 1   machine 2");
    foreach (((string phase, TimeSpan at), (_, TimeSpan secondAt)) in firstTimeline.Phases.Zip(secondTimeline.Phases))
    {
        Console.WriteLine($"{phase,-22} {at.TotalSeconds,11:0.0} {secondAt.TotalSeconds,11:0.0}");
    }

    Console.WriteLine();
    Console.WriteLine("demo: ok, 2 machines booted, 1 from a machine that was itself booted");
}

static async Task<QemuMachine> BootAsync(BootLab lab, string name, string url, string source)
{
    Console.WriteLine($"demo: powering on {name}; it boots from {source} ({url})");
    return await lab.BootAsync(name, $"phase.provider={url}");
}
