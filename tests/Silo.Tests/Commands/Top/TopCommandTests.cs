using System.Net;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Tests.Fleet;
using PhaseMesh.Silo.Tests.Fleet.Support;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary><c>plasmd top</c> against real silos.</summary>
[Collection("Fleet")]
public sealed class TopCommandTests(FleetStorages storages)
{
    [Fact]
    public async Task Top_WithoutATerminal_PrintsOnePlainFrame()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = Scene(fleet);
        string failed = await BootAsync(fleet, "discovered", "failed");
        await fleet.As(fleet.Operator).PutAsync("/v1/fleet/policy", new { policy = "open" });
        (await fleet.As(fleet.Node).PostAsync("/v1/providers", BootApiTests.Enrolment(fleet.Node))).Expect(HttpStatusCode.OK);

        string printed = (await scene.OkAsync("top")).Output;
        Assert.StartsWith("plasmd top", printed, StringComparison.Ordinal);
        Assert.Contains($"{failed[..8]} failed: no_provider", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("q quit", printed, StringComparison.Ordinal);
        scene.OnTerminal = true;
        Assert.Contains("hall-1", (await scene.OkAsync("top", "--once", "--pane", "providers")).Output, StringComparison.Ordinal);
        Assert.Contains("no_provider", (await scene.OkAsync("top", "--once")).Output, StringComparison.Ordinal);
        string silos = (await scene.OkAsync("top", "--once", "--pane", "silos", "--gateway", "http://127.0.0.1:1")).Output;
        Assert.Contains("silo0", silos, StringComparison.Ordinal);
        Assert.Contains("no answer", silos, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_NobodyAnswers_IsAnErrorAndTouchesNoTerminal()
    {
        using CommandScene scene = new() { OnTerminal = true };
        scene.Variables["PLASM_FLEET"] = "http://127.0.0.1:1";
        Assert.Contains("No silo answers", await scene.FailsAsync(ExitCode.NotReachable, "top"), StringComparison.Ordinal);
        Assert.Contains("--gateway is 'x'", await scene.FailsAsync(ExitCode.Usage, "top", "--gateway", "x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_OnATerminal_ShowsBootsAsTheyHappenAndLeaves()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = Scene(fleet);
        using FakeTerminal terminal = new();
        (scene.OnTerminal, scene.OpenTerminal) = (true, () => terminal);
        Task<CommandRun> running = scene.RunAsync("top");
        await Shows(terminal, "plasmd top  live");

        string good = await BootAsync(fleet, "discovered", "manifest", "fetching");
        await Shows(terminal, $"{good[..8]} fetching");
        string bad = await BootAsync(fleet, "failed");
        await Shows(terminal, $"{bad[..8]} failed: no_provider");
        terminal.Press('f');
        foreach (char letter in "no_provider")
        {
            terminal.Press(letter);
        }

        terminal.Press(ConsoleKey.Enter);
        await Shows(terminal, "1 rows  filter: no_provider");
        terminal.Press(ConsoleKey.Enter);
        await Shows(terminal, "what to do next:");
        Assert.Contains("stopped:   while it looked for providers", terminal.Text, StringComparison.Ordinal);
        terminal.Press(ConsoleKey.Escape);
        terminal.Press(ConsoleKey.Escape);
        await Shows(terminal, $"{good[..8]} fetching");
        terminal.Resize(40, 10);
        await Shows(terminal, "cr 0 di 0 ma 0 fe 1 10 % ve 0 ke 0");
        terminal.Press('s');
        await Shows(terminal, "silo0");
        terminal.Press('q');
        CommandRun run = await running;
        Assert.Equal((ExitCode.Ok, "", ""), (run.ExitCode, run.Output, run.Error));
        Assert.True(terminal.IsDisposed);
    }

    [Fact]
    public async Task Top_ItsSiloEnds_GoesOnWithTheNext_AndSaysWhenNoneIsLeft()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite", silos: 2);
        using CommandScene scene = Scene(fleet);
        scene.Variables["PLASM_FLEET"] = $"{Url(fleet, 0)},{Url(fleet, 1)}";
        using FakeTerminal terminal = new();
        (scene.OnTerminal, scene.OpenTerminal) = (true, () => terminal);
        Task<CommandRun> running = scene.RunAsync("top");
        await Shows(terminal, "plasmd top  live");
        await fleet.Silos[0].DisposeAsync();

        string boot = await BootAsync(fleet, 1, "discovered");
        await Shows(terminal, $"{boot[..8]} discovered");
        await Eventually.IsAsync(() => terminal.Text.Contains("silo1  ", StringComparison.Ordinal)
            && terminal.Text.StartsWith("plasmd top  live", StringComparison.Ordinal));
        await fleet.Silos[1].DisposeAsync();
        await Shows(terminal, "plasmd top  stale");
        Assert.Contains("No silo answers", terminal.Text, StringComparison.Ordinal);
        Assert.Contains($"{boot[..8]} discovered", terminal.Text, StringComparison.Ordinal);
        terminal.Press('q');
        Assert.Equal(ExitCode.Ok, (await running).ExitCode);
    }

    [Fact]
    public async Task Top_AnExceptionWhileDrawing_GivesTheTerminalBackFirst()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = Scene(fleet);
        using FakeTerminal terminal = new();
        (scene.OnTerminal, scene.OpenTerminal) = (true, () => terminal);
        Task<CommandRun> running = scene.RunAsync("top");
        await Shows(terminal, "plasmd top  live");
        terminal.Trouble = new InvalidOperationException("a defect");
        terminal.Press('s');
        Assert.Equal("a defect", (await Assert.ThrowsAsync<InvalidOperationException>(() => running)).Message);
        Assert.True(terminal.IsDisposed);
    }

    [Fact]
    public async Task Top_ASiloThatHangs_CostsOneTimeout()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        await using StubProvider hanging = StubProvider.Silent();
        using CommandScene scene = Scene(fleet);
        scene.Variables["PLASM_FLEET"] = $"{hanging.Url},{Url(fleet, 0)}";
        Assert.Contains("silos: 1 active", (await scene.OkAsync("top", "--once", "--timeout", "5s")).Output, StringComparison.Ordinal);
    }

    private static Task Shows(FakeTerminal terminal, string text) =>
        Eventually.IsAsync(() => terminal.Text.Contains(text, StringComparison.Ordinal), $"'{text}' on the screen");

    private static Task<string> BootAsync(FleetScene fleet, params string[] phases) => BootAsync(fleet, 0, phases);

    private static async Task<string> BootAsync(FleetScene fleet, int silo, params string[] phases)
    {
        string boot = BootApiTests.NewBootId();
        using var agent = Ed25519PrivateKey.Generate();
        await fleet.As(agent, silo).PostAsync("/v1/boots", BootApiTests.Boot(boot));
        foreach (string phase in phases)
        {
            await fleet.As(agent, silo).PostAsync($"/v1/boots/{boot}/events", new[] { BootApiTests.Event(phase) });
        }

        return boot;
    }

    private static string Url(FleetScene fleet, int silo) => fleet.Url(silo).ToString().TrimEnd('/');

    private static CommandScene Scene(FleetScene fleet)
    {
        CommandScene scene = new() { Time = TimeProvider.System };
        scene.Variables["PLASM_FLEET"] = Url(fleet, 0);
        return scene;
    }
}
