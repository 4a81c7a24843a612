using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;
using PhaseMesh.Manifests;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Console.Tests;

/// <summary>Key files, where keys can be used, and the canonical form that is signed.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class KeyTests(ConsoleBrowser browser)
{
    [Theory]
    [InlineData("nothing here", "found no PEM block")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n", "found a block labelled PUBLIC KEY")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGb\n-----END ENCRYPTED PRIVATE KEY-----\n", "Decrypt it first")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END PRIVATE KEY-----\n", "of another algorithm or form")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n", "not base64")]
    public async Task AFileThatIsNoKey_IsRefusedWithTheReason(string content, string expected)
    {
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);
        await console.Page.Locator("#keys").ClickAsync();
        ILocator file = console.Page.Locator("input[aria-label=\"Operator's key file\"]");
        await file.SetInputFilesAsync(new FilePayload { Name = "k", MimeType = "", Buffer = System.Text.Encoding.ASCII.GetBytes(content) });
        await Assertions.Expect(console.Page.Locator("dialog.keys .failure")).ToContainTextAsync(expected);
        await file.SetInputFilesAsync(new FilePayload { Name = "large", MimeType = "", Buffer = new byte[(16 << 10) + 1] });
        await Assertions.Expect(console.Page.Locator("dialog.keys .failure"))
            .ToContainTextAsync("A key file has at most 16384 bytes, this one 16385.");
        await Assertions.Expect(console.Page.Locator("#keys")).ToHaveTextAsync("No key");
    }

    /// <summary>In memory alone: not to be read again by the page, stored nowhere, gone with a reload.</summary>
    [Fact]
    public async Task AKey_IsKeptNowhere()
    {
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);
        await console.ChooseKeysAsync(browser.Fleet.OperatorFile, browser.Fleet.ReleaseFile);
        await Assertions.Expect(console.Page.Locator("#keys")).ToContainTextAsync("+1 release");
        Assert.Equal("{}|{}|[]|", await console.Page.EvaluateAsync<string>(
            "async () => [...[localStorage, sessionStorage, await indexedDB.databases()].map((all) => JSON.stringify(all)), document.cookie]"
            + ".join('|')"));
        Assert.False(await console.Page.EvaluateAsync<bool>("""
            async (pem) => (await (await import("/console/keys/keyfile.js")).readKey(new File([pem], "k"))).key.extractable
            """, await File.ReadAllTextAsync(browser.Fleet.OperatorFile)));
        await console.Page.ReloadAsync();
        await Assertions.Expect(console.Page.Locator("#keys")).ToHaveTextAsync("No key");
    }

    [Fact]
    public async Task APageOverPlainHttp_SaysWhyItTakesNoKeys()
    {
        UriBuilder other = new(browser.Fleet.Gateway) { Host = ConsoleBrowser.OtherHost };
        await using ConsolePage console = await browser.OpenAsync(other.Uri);
        await Assertions.Expect(console.Connection).ToHaveTextAsync("●live");
        await console.Page.Locator("#keys").ClickAsync();
        await Assertions.Expect(console.Page.Locator("dialog.keys .failure")).ToContainTextAsync("Browsers sign on secure pages only");
        await Assertions.Expect(console.Button("Choose a file …").First).ToBeDisabledAsync();
    }

    /// <summary>The same bytes as <see cref="BootManifest.SignedBytes"/>, whatever stands in a manifest.</summary>
    [Fact]
    public async Task CanonicalJson_IsThatOfPlasmd()
    {
        using TestRelease release = TestRelease.Create();
        JsonObject document = JsonNode.Parse(release.Manifest.RawBytes.Span)!.AsObject();
        document.Remove("signatures");
        document["strings"] = new JsonArray(
            "", "\u0000\u0001\b\t\n\f\r\u001f\"\\/", "\u007f\u0080\u2028\u2029", "é€😀", "\ufb33\u20ac");
        document["numbers"] = new JsonArray(
            0, -0.0, 1, -1, 9007199254740991, 1e21, 1e-6, 1e-7, 0.1, 123456.789, 5e-324, 1.7976931348623157e308, 333333333.3333333);
        document["literals"] = new JsonArray(true, false, null, new JsonObject(), new JsonArray());
        document["😀"] = "above";
        document["\ufb33"] = "below";
        document["\r"] = "control";
        BootManifest expected = BootManifest.Parse(JsonSerializer.SerializeToUtf8Bytes(document));

        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);
        string actual = await console.Page.EvaluateAsync<string>(
            "async (text) => (await import('/console/keys/canonical.js')).canonical(JSON.parse(text))",
            System.Text.Encoding.UTF8.GetString(expected.RawBytes.Span));
        Assert.Equal(System.Text.Encoding.UTF8.GetString(expected.SignedBytes.Span), actual);
        Assert.Equal("TypeError TypeError TypeError TypeError TypeError [\"kept\"]", await console.Page.EvaluateAsync<string>("""
            async () => {
              const { canonical } = await import("/console/keys/canonical.js");
              return ["\ud800", NaN, Infinity, undefined, 1n, "kept"].map((value) => {
                try {
                  return canonical([value]);
                } catch (error) {
                  return error.name;
                }
              }).join(" ");
            }
            """));
    }
}
