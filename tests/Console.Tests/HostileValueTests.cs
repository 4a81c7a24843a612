using System.Text.Json;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;

namespace PhaseMesh.Console.Tests;

/// <summary>Machines and providers call themselves what they like, and a silo may be of anybody's making.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class HostileValueTests(ConsoleBrowser browser)
{
    private const string Markup = "\"><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";

    /// <summary>Turns what follows around, and hides part of it.</summary>
    private const string Turned = "safe\u202Egnikcatta\u2066\u200B\u0007\u001b[31mred\u001b[0m";

    private static readonly string[] Hashes =
    [
        "#/boots", $"#/boot/{ScriptedFleet.BootId(1)}", $"#/providers/{ScriptedFleet.Key(1)}", "#/channels/stable/x86_64", "#/fleet",
        "#/boots?q=%22%3E%3Cimg%20src%3Dx%3E&state=%3Cb%3E&channel=__proto__&release=constructor&sort=__proto__", "#/__proto__/x", "#/%",
    ];

    [Fact]
    public async Task Markup_IsShownAsText_AndNothingRuns()
    {
        await using ScriptedFleet fleet = await StartAsync(Markup);
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway);
        foreach (string hash in Hashes)
        {
            await console.GoAsync(hash);
            await Assertions.Expect(console.Page.Locator("main > *").First).ToBeAttachedAsync();
            if (hash is not ("#/fleet" or "#/%") && !hash.Contains("proto", StringComparison.Ordinal))
            {
                await Assertions.Expect(console.Page.Locator("main")).ToContainTextAsync("<img src=x");
            }

            Assert.Equal(0, await console.Page.Locator("main img, main script, main iframe").CountAsync());
            Assert.NotEqual("taken", await console.Page.TitleAsync());
        }

        Assert.Equal([fleet.Gateway.GetLeftPart(UriPartial.Authority)], console.Origins.Keys);
    }

    [Fact]
    public async Task CharactersThatTurnOrHideText_AreReplaced()
    {
        await using ScriptedFleet fleet = await StartAsync(Turned);
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway, $"#/boot/{ScriptedFleet.BootId(1)}");
        const string Shown = "safe\uFFFDgnikcatta\uFFFD\uFFFD\uFFFDred";
        await Assertions.Expect(console.Page.Locator("pre")).ToHaveTextAsync(Shown);
        await Assertions.Expect(console.Page.Locator("h1")).ToHaveTextAsync(Shown);
        await Assertions.Expect(console.Page.Locator(".detail")).ToHaveTextAsync(Shown);
        await Assertions.Expect(console.Page.Locator(".waterfall tbody th").First).ToContainTextAsync(Shown);
        await console.Page.Locator(".waterfall tbody button").First.ClickAsync();
        await Assertions.Expect(console.Page.Locator(".story")).ToContainTextAsync(Shown);
    }

    /// <summary>A trace that is no tree, with times that are none: what can be shown is, and the page lives.</summary>
    [Theory]
    [InlineData("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"a","parentSpanId":"b","name":"one","startTimeUnixNano":"5"},{"spanId":"b","parentSpanId":"a","name":"two","startTimeUnixNano":"9","endTimeUnixNano":"3"}]}]}]}""", 2)]
    [InlineData("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"a","parentSpanId":"a","name":"self","startTimeUnixNano":"18446744073709551615"}]}]}]}""", 1)]
    [InlineData("""{"resourceSpans":[null,7,{"scopeSpans":[{"spans":[null,{"spanId":7},{"spanId":"x","startTimeUnixNano":"-1"},{"spanId":"y","name":null,"startTimeUnixNano":"1","events":[null],"attributes":[null,{"key":null}],"status":7}]}]}]}""", 1)]
    [InlineData("""{"resourceSpans":"no"}""", 0)]
    [InlineData("[]", 0)]
    public async Task ATraceThatIsNone_DoesNotBreakThePage(string trace, int spans)
    {
        await using ScriptedFleet fleet = await StartAsync("machine");
        fleet.Silo.Answers[$"/v1/boots/{ScriptedFleet.BootId(1)}/spans"] = JsonDocument.Parse(trace);
        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway, $"#/boot/{ScriptedFleet.BootId(1)}");
        await Assertions.Expect(console.Page.Locator("pre")).ToContainTextAsync("machine");
        await Assertions.Expect(console.Page.Locator(".waterfall tbody tr")).ToHaveCountAsync(spans);
        if (spans == 0)
        {
            await Assertions.Expect(console.Page.Locator("main")).ToContainTextAsync("No trace was sent of this boot.");
        }
    }

    /// <summary>All that others name themselves in is this text.</summary>
    private static async Task<ScriptedFleet> StartAsync(string text)
    {
        ScriptedFleet fleet = await ScriptedFleet.StartAsync();
        fleet.Silo.Put(new ScriptedBoot(ScriptedFleet.BootId(1))
        {
            MachineId = text,
            Channel = text,
            Phase = "failed",
            Outcome = "failed",
            Reason = text,
            Detail = text,
            Version = text,
            SourceAddress = text,
            Sources = [text],
            Found = [text],
            Provider = text,
            CreatedAt = ScriptedFleet.Now,
            UpdatedAt = ScriptedFleet.Now,
            BytesTotal = 5,
        });
        fleet.Silo.Answers[$"/v1/boots/{ScriptedFleet.BootId(1)}/log"] = text;
        fleet.Silo.Answers[$"/v1/boots/{ScriptedFleet.BootId(1)}/spans"] = new Dictionary<string, object>
        {
            ["resourceSpans"] = new[]
            {
                new Dictionary<string, object>
                {
                    ["scopeSpans"] = new[]
                    {
                        new Dictionary<string, object>
                        {
                            ["spans"] = new[]
                            {
                                new Dictionary<string, object>
                                {
                                    ["spanId"] = "1", ["name"] = text, ["startTimeUnixNano"] = "1", ["endTimeUnixNano"] = "2",
                                    ["status"] = new Dictionary<string, object> { ["code"] = 2, ["message"] = text },
                                },
                            },
                        },
                    },
                },
            },
        };
        fleet.Silo.Answers["/v1/providers"] = new { providers = new[] { ScriptedProvider.Of(1, [text], text) }, next = (string?)null };
        fleet.Silo.Answers["/v1/channels"] = new { channels = ScriptedChannels.Named(text), next = (string?)null };
        return fleet;
    }
}
