using System.Text.RegularExpressions;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Console.Tests;

/// <summary>The silo dies and comes back: the page says so and goes on by itself.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class ConnectionTests(ConsoleBrowser browser)
{
    [Fact]
    public async Task ASiloGoneAndBack_ThePageSaysSoAndGoesOn()
    {
        await using RealFleet fleet = await RealFleet.StartAsync();
        using BootingMachine before = await BootingMachine.StartAsync(fleet, "before");
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway);
        await Assertions.Expect(console.Row("before")).ToBeVisibleAsync();
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");

        await fleet.KillSiloAsync();
        await Assertions.Expect(console.Connection).ToContainTextAsync("not connected since");
        Regex explained = new("^No silo answers the gateway.");
        await Assertions.Expect(console.Connection).ToHaveAttributeAsync("title", explained);
        await Assertions.Expect(console.Row("before")).ToBeVisibleAsync();
        await console.GoAsync("#/channels");
        await Assertions.Expect(console.Page.Locator("main .failure")).ToContainTextAsync("See the runbook SiloDown");

        await fleet.StartSiloAsync();
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");
        await Assertions.Expect(console.Page.Locator("main .failure")).ToHaveCountAsync(0);
        await console.GoAsync("#/boots");
        using BootingMachine after = await BootingMachine.StartAsync(fleet, "after");
        await Assertions.Expect(console.Row("after")).ToBeVisibleAsync();
        await Assertions.Expect(console.Row("before")).ToBeVisibleAsync();
    }

    /// <summary>What happened while the stream was broken comes by Last-Event-ID.</summary>
    [Fact]
    public async Task AStreamThatBreaks_GoesOnAfterTheLastEvent()
    {
        await using ScriptedFleet fleet = await ScriptedFleet.StartAsync();
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway);
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");
        fleet.Silo.Tell(new ScriptedBoot(ScriptedFleet.BootId(1)) { MachineId = "told", CreatedAt = ScriptedFleet.Now }, "created");
        await Assertions.Expect(console.Row("told")).ToBeVisibleAsync();

        fleet.Silo.BreakStreams();
        await Eventually.IsAsync(() => fleet.Silo.Followed.Count >= 2);

        Assert.Equal(["", "1"], fleet.Silo.Followed.Take(2));
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");
    }

    /// <summary>A fleet that shows itself to operators alone: reads and the stream are signed as soon as there is a key.</summary>
    [Fact]
    public async Task AFleetWithClosedReads_IsShownToAnOperator()
    {
        await using RealFleet fleet = await RealFleet.StartAsync(openReads: false);
        using BootingMachine machine = await BootingMachine.StartAsync(fleet, "hidden");
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway);
        await Assertions.Expect(console.Page.Locator("main .failure")).ToContainTextAsync("This fleet shows itself to operators only");
        await Assertions.Expect(console.Connection).ToContainTextAsync("not connected since");

        await console.ChooseKeysAsync(fleet.OperatorFile);
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");
        await Assertions.Expect(console.Row("hidden")).ToBeVisibleAsync();
        await machine.ReachesAsync("discovered");
        await Assertions.Expect(console.Row("hidden").Locator(".badge")).ToContainTextAsync("discovered");
        await Assertions.Expect(console.Page.Locator("main .failure")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task AGatewayWithoutSilos_IsSaidSo()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = release.Key.PublicKey.KeyId };
        await using GatewayScene scene = await GatewayScene.StartAsync(directory, release, [new Uri(provider.Url)]);
        await scene.ReadyAsync();
        await using ConsolePage console = await browser.OpenAsync(scene.Url);
        await Assertions.Expect(console.Page.Locator("main .failure")).ToContainTextAsync("Start the gateway with --silo.");
        await console.GoAsync("#/replicas");
        await console.Page.GetByLabel("Artifact").Last.SelectOptionAsync(
            release.Manifest.Artifacts[Manifests.Naming.ArtifactKind.Kernel].Digest.ToString());
        await Assertions.Expect(console.Page.Locator("table.list tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(console.Page.Locator("table.list tbody .why")).Not.ToBeEmptyAsync();
    }
}
