using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;

namespace PhaseMesh.Console.Tests;

/// <summary>Machines that tell a real silo of their boots, seen through a real gateway.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class BootTests(ConsoleBrowser browser)
{
    private const long MiB = 1 << 20;

    [Fact]
    public async Task ABoot_ComesAndMoves_WithoutAReload()
    {
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway, "#/boots?machine=live-");
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");

        using BootingMachine machine = await BootingMachine.StartAsync(browser.Fleet, "live-1");
        ILocator row = console.Row("live-1");
        await Assertions.Expect(row.Locator(".badge")).ToContainTextAsync("created");
        await machine.ReachesAsync("discovered");
        await Assertions.Expect(row.Locator(".badge")).ToContainTextAsync("discovered");
        await machine.ReachesAsync("manifest");
        await machine.FetchesAsync(100 * MiB, 400 * MiB);
        await Assertions.Expect(row.Locator(".progress")).ToContainTextAsync("100 of 400 MiB");
        await Assertions.Expect(row.Locator(".rate")).ToHaveTextAsync("50.0 MiB/s");
        await Assertions.Expect(row.Locator(".from")).ToHaveTextAsync("10.1.2.3:8080");
        double before = await PartAsync(row);
        await machine.FetchesAsync(300 * MiB, 400 * MiB);
        await Assertions.Expect(row.Locator(".progress")).ToContainTextAsync("300 of 400 MiB");
        Assert.InRange(await PartAsync(row), before + 0.05, 1);
        await machine.ReachesAsync("verified");
        await machine.ReachesAsync("kexec");
        await Assertions.Expect(row.Locator(".badge")).ToContainTextAsync("kexec");
        Assert.Equal([browser.Fleet.Gateway.GetLeftPart(UriPartial.Authority)], console.Origins.Keys);
    }

    /// <summary>Whoever looks at the list, and whoever looks at the boot, sees why within seconds.</summary>
    [Fact]
    public async Task AFailure_IsExplainedWithinSeconds()
    {
        const string Detail = "rootfs: chunk 3 of 40: 10.1.2.3 sent wrong bytes; nobody else has it.";
        using BootingMachine machine = await BootingMachine.StartAsync(browser.Fleet, "fails-1");
        await machine.FetchesAsync(10 * MiB, 400 * MiB);
        await machine.SaysAsync("[    0.42] eth0: link up\nphase-agent: fetching rootfs\n");
        await using ConsolePage list = await browser.OpenAsync(browser.Fleet.Gateway, "#/boots?machine=fails-1");
        await using ConsolePage one = await browser.OpenAsync(browser.Fleet.Gateway, $"#/boot/{machine.Id}");
        await Assertions.Expect(list.Row("fails-1").Locator(".badge")).ToContainTextAsync("fetching");
        await Assertions.Expect(one.Page.Locator("pre")).ToContainTextAsync("eth0: link up");
        await Assertions.Expect(one.Connection).ToHaveTextAsync("●live");
        await Assertions.Expect(list.Connection).ToHaveTextAsync("●live");

        long began = TimeProvider.System.GetTimestamp();
        await machine.FailsAsync("fetch_failed", Detail);
        await Assertions.Expect(list.Row("fails-1").Locator(".why")).ToHaveTextAsync($"fetch_failed: {Detail}");
        await Assertions.Expect(one.Page.Locator(".failure .detail")).ToHaveTextAsync(Detail);
        TimeSpan took = TimeProvider.System.GetElapsedTime(began);

        Assert.True(took < Limits.Shown, $"The failure was shown after {took.TotalSeconds:0.0} s.");
        await Assertions.Expect(one.Page.Locator(".advice li").Last)
            .ToHaveTextAsync("Only one provider had it: let another serve stable/x86_64 as well.");
        await Assertions.Expect(list.Page.Locator(".reasons")).ToContainTextAsync("fetch_failed");
    }

    [Fact]
    public async Task Filters_NarrowTheList_AndStandInTheAddress()
    {
        using BootingMachine waits = await BootingMachine.StartAsync(browser.Fleet, "pick-me", "beta");
        using BootingMachine fails = await BootingMachine.StartAsync(browser.Fleet, "pick-other", "beta");
        await fails.FailsAsync("no_provider", "nobody answers on this LAN");
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);

        await console.Page.GetByLabel("Machine", new PageGetByLabelOptions { Exact = true }).FillAsync("PICK-");
        await Assertions.Expect(console.Rows).ToHaveCountAsync(2);
        await console.Page.GetByLabel("State").SelectOptionAsync("failed");
        await Assertions.Expect(console.Rows).ToHaveCountAsync(1);
        await Assertions.Expect(console.Row("pick-other")).ToBeVisibleAsync();
        await console.Page.GetByLabel("State").SelectOptionAsync("");
        await console.Page.GetByLabel("Text", new PageGetByLabelOptions { Exact = true }).FillAsync("created PICK-me");
        await Assertions.Expect(console.Rows).ToHaveCountAsync(1);
        await console.Page.GetByLabel("Channel").SelectOptionAsync("beta/x86_64");
        await Assertions.Expect(console.Row("pick-me")).ToBeVisibleAsync();

        string address = await console.Page.EvaluateAsync<string>("() => location.hash");
        await using ConsolePage other = await browser.OpenAsync(browser.Fleet.Gateway, address);
        await Assertions.Expect(other.Rows).ToHaveCountAsync(1);
        await Assertions.Expect(other.Row("pick-me")).ToBeVisibleAsync();
        await other.Button("Clear filters").ClickAsync();
        await Assertions.Expect(other.Row("pick-other")).ToBeVisibleAsync();
    }

    /// <summary>As boot agent and plasmd send them; those that come while the boot is looked at are added.</summary>
    [Fact]
    public async Task ATrace_IsAWaterfallOfItsSpans()
    {
        using BootingMachine machine = await BootingMachine.StartAsync(browser.Fleet, "traced-1");
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway, $"#/boot/{machine.Id}");
        await Assertions.Expect(console.Page.Locator("main")).ToContainTextAsync("No trace was sent of this boot.");

        await machine.TracesAsync(machine.Span("aaaaaaaaaaaaaaaa", machine.Id[..16], "fetch", 1000, 5000));
        ILocator rows = console.Page.Locator(".waterfall tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await machine.TracesAsync(
            machine.Span(machine.Id[..16], "", "boot", 0, 8000),
            machine.Span("bbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaa", "fetch kernel", 2000, 4000, "stalled"));
        await Assertions.Expect(rows.Locator("th")).ToHaveTextAsync(["boot", "fetch", "✕ fetch kernel"]);
        await Assertions.Expect(rows.Locator("td.figure")).ToHaveTextAsync(["8.0 s", "4.0 s", "2.0 s"]);
        Assert.Equal("0.25", await rows.Last.Locator(".piece").EvaluateAsync<string>(
            "element => element.style.getPropertyValue('--from')"));
        await rows.Last.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(console.Page.Locator(".story")).ToContainTextAsync("stalled");
        await Assertions.Expect(console.Page.Locator(".story")).ToContainTextAsync("phase.artifact.size");
    }

    /// <summary>The page and plasmd give the same advice.</summary>
    [Fact]
    public async Task Advice_IsThatOfTheCommands()
    {
        string document = await File.ReadAllTextAsync(TestKit.Repository.PathOf("docs", "cli.md"));
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);
        string[] advice = await console.Page.EvaluateAsync<string[]>("""
            async () => Object.entries((await import("/console/boot/reasons.js")).ADVICE)
              .map(([about, steps]) => `| \`${about}\` | ${steps.join("<br>")} |`)
            """);
        int first = document.IndexOf(advice[0], StringComparison.Ordinal);
        Assert.InRange(first, 0, document.Length);
        Assert.StartsWith(string.Join('\n', advice) + "\n", document[first..], StringComparison.Ordinal);
        Assert.False(document[(first + string.Join('\n', advice).Length + 1)..].StartsWith('|'), "The commands know more than the page.");
    }

    [Fact]
    public async Task ABootThatIsNotThere_IsSaidSo()
    {
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway, $"#/boot/{new string('0', 32)}");
        await Assertions.Expect(console.Page.Locator(".failure")).ToContainTextAsync("There is no such thing, or no longer.");
        await console.GoAsync("#/boot/%E0%A4%A");
        await Assertions.Expect(console.Page.Locator(".failure")).ToContainTextAsync("A value breaks its rule");
    }

    /// <summary>How much of the bar is filled.</summary>
    private static Task<double> PartAsync(ILocator row) =>
        row.Locator(".fill").EvaluateAsync<double>("element => Number(element.style.getPropertyValue('--part'))");
}
