using PhaseMesh.TestKit.BootLab;

// The main job, shown: a fleet of two silos on PostgreSQL, a provider, a gateway, a machine that boots through it from the provider, and, with
// the provider and one silo gone and the gateway begun anew, a machine that boots through it from the machine. Everything runs on this
// host's loopback and ends with the demo.

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
    await using FleetLab fleet = await FleetLab.StartAsync(lab);
    string silos = string.Join(", ", fleet.Silos.Select(silo => silo.Url));
    Console.WriteLine($"demo: a fleet of {fleet.Silos.Count} silos on PostgreSQL: {silos}");

    await using PlasmdProcess provider = await fleet.StartProviderAsync();
    await using GatewayProcess gateway = await fleet.StartGatewayAsync();
    await using FleetMachine first = await BootAsync(fleet, "machine 1", gateway);
    BootTimeline firstTimeline = await first.FollowAsync();
    await ExplainAsync(gateway);

    Console.WriteLine($"demo: the provider is stopped (exit code {await provider.StopAsync()}); machine 1 is the only one left");
    await gateway.KillAsync();
    Console.WriteLine("demo: the gateway is killed (-9); another begins, with nothing in memory");
    await using GatewayProcess anew = await fleet.StartGatewayAsync();

    await using FleetMachine second = await BootAsync(fleet, "machine 2", anew);
    await second.Machine.WaitForAsync("[2/4]");
    await fleet.Silos[0].KillAsync();
    Console.WriteLine("demo: silo1 is killed (-9) while machine 2 downloads");
    BootTimeline secondTimeline = await second.FollowAsync();
    await ExplainAsync(anew);

    Console.WriteLine();
    Console.WriteLine("seconds since power-on   machine 1   machine 2");
    foreach (((string phase, TimeSpan at), (_, TimeSpan secondAt)) in firstTimeline.Phases.Zip(secondTimeline.Phases))
    {
        Console.WriteLine($"{phase,-22} {at.TotalSeconds,11:0.0} {secondAt.TotalSeconds,11:0.0}");
    }

    await ShowAsync(fleet, "provider", "list");
    await ShowAsync(fleet, "boot", "list");
    await ShowAsync(fleet, "boot", "trace", second.BootId);
    Console.WriteLine();
    Console.WriteLine("demo: ok, 2 machines booted and joined the fleet, 1 from a machine that was itself booted");
}

static async Task<FleetMachine> BootAsync(FleetLab fleet, string name, GatewayProcess gateway)
{
    Console.WriteLine($"demo: powering on {name}; it boots through the gateway ({gateway.UrlForMachines})");
    return await fleet.BootAsync(name, $"phase.provider={gateway.UrlForMachines}");
}

static async Task ExplainAsync(GatewayProcess gateway)
{
    Console.WriteLine();
    Console.WriteLine($"$ plasmd route explain /rootfs --gateway {gateway.Url}");
    Console.WriteLine(await gateway.ExplainAsync("/rootfs"));
    Console.WriteLine();
}

static async Task ShowAsync(FleetLab fleet, params string[] command)
{
    Console.WriteLine();
    Console.WriteLine($"$ plasmd {string.Join(' ', command)} --fleet {fleet.Silos[^1].Url}");
    Console.WriteLine(await fleet.RunAsync(command));
}
