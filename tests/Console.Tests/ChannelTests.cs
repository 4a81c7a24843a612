using System.Text.Json;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Console.Tests;

/// <summary>An operator changes channels of a real silo, which checks every signature.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class ChannelTests(ConsoleBrowser browser)
{
    private RealFleet Fleet => browser.Fleet;

    [Fact]
    public async Task Promote_WithKeys_PublishesWhatTheOtherChannelHas_SignedByThisPage()
    {
        DateTimeOffset expires = new(2031, 1, 2, 3, 4, 5, TimeSpan.Zero);
        await Fleet.PublishAsync("promote-to", 2, content: 100);
        string source = await Fleet.PublishAsync("promote-from", 5, content: 500, expires: expires);
        await using ConsolePage console = await OpenAsync("promote-to");
        await console.ChooseKeysAsync(Fleet.OperatorFile, Fleet.ReleaseFile);

        await PressAsync(console, "promote-to", "Promote …");
        await console.Dialog.GetByLabel("What which channel has").SelectOptionAsync("promote-from");
        await console.Dialog.GetByLabel("Share of the machines").FillAsync("10");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("promote-to/x86_64: release 2 → 5");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("10 % of the machines get it at first. The others get release 2");
        await console.Dialog.GetByText("Promote release 5 to 10 %", new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        await Assertions.Expect(console.Page.Locator("#notice"))
            .ToHaveTextAsync("promote-to/x86_64 has release 5, 2026.11.21, for 10 % of the machines.");
        await Assertions.Expect(console.Card("promote-to/x86_64")).ToContainTextAsync("promoted from promote-from");

        JsonElement now = await Fleet.GetAsync("/v1/channels/promote-to/x86_64");
        JsonElement current = now.GetProperty("current");
        Assert.Equal(
            (5, 10, "promoted", Fleet.Operator.PublicKey.KeyId),
            (current.GetProperty("release").GetInt64(), now.GetProperty("rollout").GetProperty("percent").GetInt32(),
                current.GetProperty("origin").GetString(), current.GetProperty("published_by").GetString()));
        await AssertIsWhatPlasmdMakesAsync(source, current.GetProperty("manifest").GetString()!);
    }

    [Fact]
    public async Task RollBack_WithKeys_RepeatsTheEarlierReleaseUnderANewNumber()
    {
        string earlier = await Fleet.PublishAsync("back", 7, content: 700);
        await Fleet.PublishAsync("back", 8, content: 800);
        await using ConsolePage console = await OpenAsync("back");
        await console.ChooseKeysAsync(Fleet.OperatorFile, Fleet.ReleaseFile);

        await PressAsync(console, "back", "Roll back …");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("so release 7 comes back as 9.");
        await console.PictureAsync("roll-back");
        await console.Dialog.GetByText("Roll back to 7 as release 9", new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        await Assertions.Expect(console.Card("back/x86_64")).ToContainTextAsync("Release 9");
        await Assertions.Expect(console.Card("back/x86_64")).ToContainTextAsync("rolled back to 7");

        JsonElement now = await Fleet.GetAsync("/v1/channels/back/x86_64");
        await AssertIsWhatPlasmdMakesAsync(earlier, now.GetProperty("current").GetProperty("manifest").GetString()!);
    }

    [Fact]
    public async Task PauseResumePercent_ChangeTheRollout()
    {
        await Fleet.PublishAsync("hold", 1, content: 100);
        await Fleet.PublishAsync("hold", 2, content: 200, percent: 20);
        await using ConsolePage console = await OpenAsync("hold");
        await console.ChooseKeysAsync(Fleet.OperatorFile);

        await PressAsync(console, "hold", "Pause …");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("No machine that boots gets release 2");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("They get release 1");
        await console.Button("Pause the rollout").ClickAsync();
        await Assertions.Expect(console.Card("hold/x86_64").Locator(".badge")).ToContainTextAsync("paused");
        Assert.True((await RolloutAsync("hold")).GetProperty("is_paused").GetBoolean());

        await PressAsync(console, "hold", "Resume …");
        await console.Button("Resume the rollout").ClickAsync();
        await Assertions.Expect(console.Card("hold/x86_64").Locator(".badge")).ToContainTextAsync("rolling out");

        await PressAsync(console, "hold", "Percent …");
        ILocator share = console.Dialog.GetByLabel("Share of the machines");
        await share.FillAsync("101");
        await Assertions.Expect(console.Dialog.Locator(".missing")).ToContainTextAsync("A whole number from 0 to 100.");
        await Assertions.Expect(console.Dialog.Locator(".primary")).ToBeDisabledAsync();
        await share.FillAsync("60");
        await Assertions.Expect(console.Dialog).ToContainTextAsync("20 % → 60 %");
        await console.Button("Set to 60 %").ClickAsync();
        await Assertions.Expect(console.Card("hold/x86_64")).ToContainTextAsync("60 %");
        JsonElement rollout = await RolloutAsync("hold");
        Assert.Equal((60, false), (rollout.GetProperty("percent").GetInt32(), rollout.GetProperty("is_paused").GetBoolean()));
    }

    /// <summary>Without keys nothing can be sent, and the page says what is missing; then exactly that is enough.</summary>
    [Fact]
    public async Task WithoutKeys_EachButtonSaysWhatIsMissing()
    {
        await Fleet.PublishAsync("locked", 1, content: 100);
        await Fleet.PublishAsync("locked", 2, content: 200);
        await Fleet.PublishAsync("locked-source", 1, content: 300);
        await using ConsolePage console = await OpenAsync("locked");
        (string, int)[] buttons = [("Pause …", 1), ("Percent …", 1), ("Promote …", 2), ("Roll back …", 2)];
        foreach ((string button, int missing) in buttons)
        {
            await PressAsync(console, "locked", button);
            await Assertions.Expect(console.Dialog.Locator(".missing li")).ToHaveCountAsync(missing);
            await Assertions.Expect(console.Dialog.Locator(".missing")).ToContainTextAsync("An operator's key, to sign the request with.");
            await Assertions.Expect(console.Dialog.Locator(".primary")).ToBeDisabledAsync();
            await console.Button("Cancel").ClickAsync();
        }

        await console.ChooseKeysAsync(Fleet.OperatorFile);
        await PressAsync(console, "locked", "Roll back …");
        await Assertions.Expect(console.Dialog.Locator(".missing li")).ToHaveTextAsync(
            "A release key, to sign the new manifest with: machines boot only what one they trust has signed.");
        Assert.Equal(2, await NewestAsync("locked"));
    }

    [Fact]
    public async Task WrongKeys_AreRefusedByTheSilo_AndExplained()
    {
        await Fleet.PublishAsync("guarded", 1, content: 100);
        await Fleet.PublishAsync("guarded", 2, content: 200);
        using Ed25519PrivateKey stranger = Ed25519PrivateKey.Generate();
        string strangersFile = Fleet.FileOf("stranger.key", stranger);
        await using ConsolePage console = await OpenAsync("guarded");

        await console.ChooseKeysAsync(strangersFile);
        await console.Page.Locator("#keys").ClickAsync();
        await Assertions.Expect(console.Page.Locator("dialog.keys")).ToContainTextAsync("It is no operator's of this fleet");
        await console.Button("Close").ClickAsync();
        await PressAsync(console, "guarded", "Pause …");
        await console.Button("Pause the rollout").ClickAsync();
        await Assertions.Expect(console.Dialog.Locator(".failure")).ToContainTextAsync("The key may not do this. Nothing was changed.");
        await console.Button("Cancel").ClickAsync();

        await console.ChooseKeysAsync(Fleet.OperatorFile, strangersFile);
        await PressAsync(console, "guarded", "Roll back …");
        await console.Dialog.GetByText("Roll back to 1 as release 3", new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        await Assertions.Expect(console.Dialog.Locator(".failure"))
            .ToContainTextAsync("The channel does not trust the release key that signed");
        Assert.Equal(2, await NewestAsync("guarded"));
        Assert.False((await RolloutAsync("guarded")).GetProperty("is_paused").GetBoolean());
    }

    /// <summary>Somebody else publishes between the plan and the confirmation: nothing is changed, and it is said why.</summary>
    [Fact]
    public async Task AReleaseThatCameMeanwhile_IsNotOverwritten()
    {
        await Fleet.PublishAsync("raced", 1, content: 100);
        await Fleet.PublishAsync("raced", 2, content: 200);
        await using ConsolePage console = await OpenAsync("raced");
        await console.ChooseKeysAsync(Fleet.OperatorFile, Fleet.ReleaseFile);
        await PressAsync(console, "raced", "Roll back …");
        ILocator confirm = console.Dialog.GetByText("Roll back to 1 as release 3", new LocatorGetByTextOptions { Exact = true });
        await Assertions.Expect(confirm).ToBeEnabledAsync();
        await Fleet.PublishAsync("raced", 3, content: 300);

        await confirm.ClickAsync();
        await Assertions.Expect(console.Dialog.Locator(".failure"))
            .ToContainTextAsync("Somebody published in this channel meanwhile. Nothing was changed.");
        JsonElement now = await Fleet.GetAsync("/v1/channels/raced/x86_64");
        Assert.Equal("published", now.GetProperty("current").GetProperty("origin").GetString());
    }

    private async Task<ConsolePage> OpenAsync(string channel)
    {
        ConsolePage console = await browser.OpenAsync(Fleet.Gateway, "#/channels");
        await Assertions.Expect(console.Card($"{channel}/x86_64")).ToBeVisibleAsync();
        return console;
    }

    private static Task PressAsync(ConsolePage console, string channel, string button) => console.Card($"{channel}/x86_64")
        .GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = button, Exact = true }).ClickAsync();

    private async Task<long> NewestAsync(string channel) =>
        (await Fleet.GetAsync($"/v1/channels/{channel}/x86_64")).GetProperty("current").GetProperty("release").GetInt64();

    private async Task<JsonElement> RolloutAsync(string channel) =>
        (await Fleet.GetAsync($"/v1/channels/{channel}/x86_64")).GetProperty("rollout");

    /// <summary>Byte for byte what the commands would have made with the same key at the same second.</summary>
    private async Task AssertIsWhatPlasmdMakesAsync(string sourceDigest, string madeDigest)
    {
        BootManifest source = BootManifest.Parse(await Fleet.ManifestAsync(sourceDigest));
        BootManifest made = BootManifest.Parse(await Fleet.ManifestAsync(madeDigest));
        BootManifest expected = new ManifestDraft
        {
            Version = source.Version,
            Channel = made.Channel,
            Arch = source.Arch,
            Release = made.Release,
            Created = made.Created,
            Expires = source.Expires,
            CommandLine = source.CommandLine,
            Artifacts = [.. source.Artifacts.Values],
        }.Build([Fleet.ReleaseKey]);
        Assert.Equal(System.Text.Encoding.UTF8.GetString(expected.RawBytes.Span), System.Text.Encoding.UTF8.GetString(made.RawBytes.Span));
        Assert.InRange(made.Created!.Value, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow());
    }
}
