using System.Text.Json;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;

namespace PhaseMesh.Console.Tests;

/// <summary>How the console looks, and whether everybody can read and use it. Pictures of all that go into artifacts/console.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class AppearanceTests(ConsoleBrowser browser, ScriptedFleetFixture scripted) : IClassFixture<ScriptedFleetFixture>
{
    private static readonly (string Name, string Hash, string Ready)[] Views =
    [
        ("boots", "#/boots", ".rows .row"),
        ("boot", $"#/boot/{ScriptedFleet.BootId(0)}", ".waterfall tbody tr"),
        ("failed-boot", $"#/boot/{ScriptedFleet.BootId(5)}", ".failure .detail"),
        ("providers", $"#/providers/{ScriptedFleet.Key(7)}", ".tile"),
        ("channels", "#/channels/stable/x86_64", "table.list tbody tr"),
        ("replicas", "#/replicas/KERNEL", "table.list tbody tr"),
        ("fleet", "#/fleet", "table.list tbody tr"),
    ];

    public static IEnumerable<object[]> ViewsAndColours =>
        from view in Views from colours in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark] select (object[])[view.Name, colours];

    public static TheoryData<string> ViewNames => [.. Views.Select(view => view.Name)];

    private ScriptedFleet Fleet => scripted.Fleet;

    /// <summary>WCAG 2.2 AA and best practices, as far as axe-core can tell; also with the dialogs open.</summary>
    [Theory]
    [MemberData(nameof(ViewsAndColours))]
    public async Task AView_HasNothingThatKeepsPeopleOut(string name, ColorScheme colours)
    {
        await using ConsolePage console = await OpenAsync(name, new BrowserNewContextOptions
        {
            ColorScheme = colours,
            ViewportSize = new ViewportSize { Width = 1360, Height = 860 },
        });
        await console.PictureAsync($"{name}-{(colours == ColorScheme.Dark ? "dark" : "light")}");
        await AxeCore.AssertCleanAsync(console.Page);
        if (name == "channels")
        {
            await console.Card("stable/x86_64").GetByText("Promote …").ClickAsync();
            await Assertions.Expect(console.Dialog).ToContainTextAsync("What is missing");
            await console.PictureAsync($"promote-{(colours == ColorScheme.Dark ? "dark" : "light")}");
            await AxeCore.AssertCleanAsync(console.Page);
            await console.Button("Choose keys …").ClickAsync();
            await AxeCore.AssertCleanAsync(console.Page);
        }
    }

    [Theory]
    [MemberData(nameof(ViewNames))]
    public async Task OnAPhone_NothingIsWiderThanTheScreen(string name)
    {
        await using ConsolePage console = await OpenAsync(name, new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 390, Height = 844 },
            HasTouch = true,
            IsMobile = true,
            DeviceScaleFactor = 2,
        });
        await console.PictureAsync($"{name}-phone");
        int wide = await console.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth");
        Assert.InRange(wide, 1, 390);
        await AxeCore.AssertCleanAsync(console.Page);
    }

    [Fact]
    public async Task Colours_FollowTheSystem_UntilTheSwitchSaysOtherwise()
    {
        await using ConsolePage console = await OpenAsync("boots", new BrowserNewContextOptions { ColorScheme = ColorScheme.Dark });
        Assert.Equal("dark", await ShownAsync(console));
        ILocator theme = console.Page.Locator("#theme");
        await theme.ClickAsync();
        await Assertions.Expect(theme).ToHaveTextAsync("Light");
        Assert.Equal("light", await ShownAsync(console));
        await console.Page.ReloadAsync();
        Assert.Equal("light", await ShownAsync(console));
        await theme.ClickAsync();
        Assert.Equal("dark", await ShownAsync(console));
        await theme.ClickAsync();
        await Assertions.Expect(theme).ToHaveTextAsync("Auto");
        await console.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        Assert.Equal("light", await ShownAsync(console));
    }

    private static async Task<string> ShownAsync(ConsolePage console)
    {
        JsonElement colour = await console.Page.EvaluateAsync<JsonElement>(
            "() => getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)");
        return colour.EnumerateArray().All(part => part.GetInt32() > 200) ? "light" : "dark";
    }

    private async Task<ConsolePage> OpenAsync(string name, BrowserNewContextOptions options)
    {
        (_, string hash, string ready) = Views.Single(view => view.Name == name);
        ConsolePage console = await browser.OpenAsync(
            Fleet.Gateway, hash.Replace("KERNEL", Fleet.Kernel, StringComparison.Ordinal), options);
        await Assertions.Expect(console.Page.Locator(ready).First).ToBeVisibleAsync();
        if (name == "boots")
        {
            await Assertions.Expect(console.Page.Locator(".summary")).ToContainTextAsync("64 of 64");
        }

        return console;
    }
}
