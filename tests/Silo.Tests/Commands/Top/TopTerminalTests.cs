using System.Runtime.Versioning;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Tests.Fleet;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>The real plasmd in a real pseudo-terminal.</summary>
[Collection("Fleet")]
[UnsupportedOSPlatform("windows")]
public sealed class TopTerminalTests(FleetStorages storages)
{
    [Theory]
    [InlineData("q")]
    [InlineData("\u0003")]
    public async Task Top_InATerminal_TakesKeysResizesAndLeavesItAsItWas(string ending)
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = new();
        string boot = BootApiTests.NewBootId();
        using var agent = Ed25519PrivateKey.Generate();
        await fleet.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(boot));
        await fleet.As(agent).PostAsync($"/v1/boots/{boot}/events", new[] { BootApiTests.Event("failed") });
        string device = scene.PathOf("tty");
        string plasmd = $"dotnet '{PlasmdProcess.AssemblyPath}' top --fleet {fleet.Url()}".TrimEnd('/');

        await using PseudoTerminal terminal = PseudoTerminal.Start(
            $"trap : INT; tty > {device}; stty -g > {device}.before; {plasmd}; code=$?; stty -g > {device}.after; echo ended with $code", 80, 24);
        await terminal.ShowsAsync("failed: no_provider");
        await terminal.ShowsAsync("plasmd top  live");
        Assert.True(terminal.IsAlternate);
        Assert.False(terminal.HasCursor);
        await terminal.TypeAsync("s");
        await terminal.ShowsAsync("[silos]");
        await terminal.TypeAsync("b");
        await terminal.ShowsAsync("[boots]");
        await terminal.TypeAsync("\r");
        await terminal.ShowsAsync("what to do next:");
        await terminal.TypeAsync("\u001b[B\u001b[B"); // Down, twice: the first lines go out of sight.
        await Eventually.IsAsync(() => !terminal.Text.Contains($"boot:      {boot}", StringComparison.Ordinal), "scrolled");
        await terminal.TypeAsync("\u001b[A\u001b[A");
        await terminal.ShowsAsync($"boot:      {boot}");
        await terminal.TypeAsync("\u007f");
        await terminal.ShowsAsync("[boots]");
        await terminal.ResizeAsync((await File.ReadAllTextAsync(device)).Trim(), 40, 10);
        await terminal.ShowsAsync("cr 0 di 0 ma 0 fe 0 ve 0 ke 0");

        await terminal.TypeAsync(ending);
        await terminal.ShowsAsync("ended with 0");
        Assert.Equal(0, await terminal.WaitForExitAsync());
        Assert.False(terminal.IsAlternate);
        Assert.True(terminal.HasCursor);
        Assert.Equal(await File.ReadAllTextAsync($"{device}.before"), await File.ReadAllTextAsync($"{device}.after"));
    }

    [Fact]
    public async Task Top_StoppedByCtrlZ_GivesTheTerminalBackUntilItGoesOn()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        string plasmd = $"dotnet '{PlasmdProcess.AssemblyPath}' top --fleet {fleet.Url()}".TrimEnd('/');
        await using PseudoTerminal terminal = PseudoTerminal.Start("exec bash --norc --noprofile --noediting -i", 80, 24);
        await terminal.TypeAsync(plasmd + "\n");
        await terminal.ShowsAsync("plasmd top  live");
        await terminal.TypeAsync("\u001a");
        await terminal.ShowsAsync("Stopped");
        Assert.False(terminal.IsAlternate);
        Assert.True(terminal.HasCursor);
        await terminal.TypeAsync("fg\n");
        await terminal.ShowsAsync("plasmd top  live");
        Assert.True(terminal.IsAlternate);
        await terminal.TypeAsync("p");
        await terminal.ShowsAsync("[providers]");
        await terminal.TypeAsync("q");
        await Eventually.IsAsync(() => !terminal.IsAlternate && terminal.Text.TrimEnd()[^1] is '#' or '$', "the shell asks for more");
        await terminal.TypeAsync("exit 0\n");
        Assert.Equal(0, await terminal.WaitForExitAsync());
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task Top_IsKilled_LeavesTheTerminalAsItWas(string signal)
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = new();
        string id = scene.PathOf("id");
        string plasmd = $"dotnet '{PlasmdProcess.AssemblyPath}' top --fleet {fleet.Url()}".TrimEnd('/');

        await using PseudoTerminal terminal = PseudoTerminal.Start(
            $"stty -g > {id}.before; sh -c 'echo $$ > {id}; exec {plasmd.Replace("'", "\"", StringComparison.Ordinal)}'; stty -g > {id}.after; echo ended",
            80, 24);
        await terminal.ShowsAsync("plasmd top  live");
        await TestKit.Processes.ChildProcess.RunAsync(
            "kill", [$"-{signal}", (await File.ReadAllTextAsync(id)).Trim()], PlasmdProcess.Limit);

        await terminal.ShowsAsync("ended");
        await terminal.WaitForExitAsync();
        Assert.False(terminal.IsAlternate);
        Assert.True(terminal.HasCursor);
        Assert.Equal(await File.ReadAllTextAsync($"{id}.before"), await File.ReadAllTextAsync($"{id}.after"));
    }
}
