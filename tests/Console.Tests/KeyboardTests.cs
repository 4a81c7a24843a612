using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;

namespace PhaseMesh.Console.Tests;

/// <summary>Everything without a pointer.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class KeyboardTests(ConsoleBrowser browser, ScriptedFleetFixture scripted) : IClassFixture<ScriptedFleetFixture>
{
    [Fact]
    public async Task TheList_IsWalkedAndOpenedByKeys()
    {
        await using ConsolePage console = await browser.OpenAsync(scripted.Fleet.Gateway);
        await Assertions.Expect(console.Page.Locator(".summary")).ToContainTextAsync("64 of 64");
        await PressAsync(console, "Tab");
        await Assertions.Expect(console.Page.Locator(".skip")).ToBeFocusedAsync();
        await PressAsync(console, "Enter");
        await Assertions.Expect(console.Page.Locator("main")).ToBeFocusedAsync();

        await TabToAsync(console, "grid");
        await PressAsync(console, "ArrowDown", "ArrowDown", "End");
        ILocator grid = console.Page.Locator(".grid");
        string last = $"boot-{ScriptedFleet.BootId(63)}";
        await Assertions.Expect(grid).ToHaveAttributeAsync("aria-activedescendant", last);
        await Assertions.Expect(console.Page.Locator($"#{last}")).ToBeInViewportAsync();
        await PressAsync(console, "Home", "ArrowDown");
        await Assertions.Expect(grid).ToHaveAttributeAsync("aria-activedescendant", $"boot-{ScriptedFleet.BootId(1)}");
        await PressAsync(console, "PageDown", "PageUp", "ArrowUp", "Enter");
        await Assertions.Expect(console.Page.Locator("h1")).ToHaveTextAsync("ber-rack1-node00");
        await Assertions.Expect(console.Page.Locator("main")).ToBeFocusedAsync();

        await TabToAsync(console, "boot");
        await PressAsync(console, "Enter");
        await Assertions.Expect(console.Page.Locator(".story h3")).ToHaveTextAsync("boot");
    }

    [Fact]
    public async Task AChange_IsAskedForAndCancelledByKeys()
    {
        await using ConsolePage console = await browser.OpenAsync(scripted.Fleet.Gateway, "#/channels");
        await Assertions.Expect(console.Card("stable/x86_64")).ToBeVisibleAsync();
        await console.Page.Locator("main").FocusAsync();
        await TabToAsync(console, "Promote …");
        await PressAsync(console, "Enter");
        await Assertions.Expect(console.Dialog).ToBeVisibleAsync();
        await PressAsync(console, "Escape");
        await Assertions.Expect(console.Dialog).ToBeHiddenAsync();
        Assert.Equal("Promote …", await FocusedAsync(console));
    }

    private static async Task PressAsync(ConsolePage console, params string[] keys)
    {
        foreach (string key in keys)
        {
            await console.Page.Keyboard.PressAsync(key);
        }
    }

    /// <summary>Presses Tab until the focus is on what has this role or text.</summary>
    private static async Task TabToAsync(ConsolePage console, string name)
    {
        const int Most = 80;
        for (int at = 0; at < Most; at++)
        {
            await PressAsync(console, "Tab");
            if (await FocusedAsync(console) == name)
            {
                return;
            }
        }

        Assert.Fail($"{Most} times Tab, and '{name}' was not reached.");
    }

    private static Task<string> FocusedAsync(ConsolePage console) => console.Page.EvaluateAsync<string>(
        "() => document.activeElement.getAttribute('role') ?? document.activeElement.textContent");
}
