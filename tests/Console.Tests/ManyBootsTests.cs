using System.Text.Json;
using Microsoft.Playwright;
using PhaseMesh.Console.Tests.Support;

namespace PhaseMesh.Console.Tests;

/// <summary>5,000 machines boot at once.</summary>
[Collection(ConsoleTurns.Name)]
public sealed class ManyBootsTests(ConsoleBrowser browser)
{
    private const int Boots = 5_000;
    private const long MiB = 1 << 20;

    /// <summary>A frame of a page that stutters; half of the frames must be better even on a machine that has other work.</summary>
    private const double MaxMedianFrameMilliseconds = 250;

    /// <summary>Scrolls through everything, a screen at a time, and measures each frame.</summary>
    private const string Scroll = """
        async () => {
          const grid = document.querySelector(".grid");
          const frames = [];
          let most = 0;
          let last = await new Promise(requestAnimationFrame);
          for (let at = 0; at < 240; at++) {
            grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * (at / 239);
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - last);
            last = now;
            most = Math.max(most, document.querySelectorAll(".rows .row").length);
          }
          frames.sort((a, b) => a - b);
          const seen = [...document.querySelectorAll(".rows .row")].filter((row) => {
            const box = row.getBoundingClientRect(), frame = grid.getBoundingClientRect();
            return box.top < frame.bottom && box.bottom > frame.top;
          }).length;
          return { most, seen, median: frames[120], slowest: frames[239], p95: frames[228],
            last: grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 2 };
        }
        """;

    [Fact]
    public async Task FiveThousandLiveBoots_ScrollWithFewRows_WhileEventsCome()
    {
        await using ScriptedFleet fleet = await ScriptedFleet.StartAsync();
        ScriptedBoot[] boots = [.. Enumerable.Range(0, Boots).Select(number => new ScriptedBoot(ScriptedFleet.BootId(number))
        {
            MachineId = $"node-{number:0000}",
            Phase = "fetching",
            CreatedAt = ScriptedFleet.Now.AddMilliseconds(-number),
            UpdatedAt = ScriptedFleet.Now,
            BytesTotal = 400 * MiB,
        })];
        foreach (ScriptedBoot boot in boots)
        {
            fleet.Silo.Put(boot);
        }

        await using ConsolePage console = await browser.OpenAsync(fleet.Gateway);
        await Assertions.Expect(console.Page.Locator(".summary")).ToContainTextAsync("5,000 of 5,000 boots");
        await Assertions.Expect(console.Page.Locator(".grid")).ToHaveAttributeAsync("aria-rowcount", $"{Boots + 1}");

        using CancellationTokenSource stop = new();
        Task storm = StormAsync(fleet.Silo, boots, stop.Token);
        JsonElement scrolled = await console.Page.EvaluateAsync<JsonElement>(Scroll);
        await stop.CancelAsync();
        await storm;

        Assert.True(scrolled.GetProperty("last").GetBoolean(), $"{scrolled}");
        Assert.InRange(scrolled.GetProperty("seen").GetInt32(), 10, 60);
        Assert.InRange(scrolled.GetProperty("most").GetInt32(), 10, 60);
        Assert.InRange(scrolled.GetProperty("median").GetDouble(), 0, MaxMedianFrameMilliseconds);
        await File.WriteAllTextAsync(
            Directory.CreateDirectory(TestKit.Repository.PathOf("artifacts", "console")).FullName + "/frames.json", $"{scrolled}\n");
        fleet.Silo.Tell(boots[^1] with { Phase = "joined", Outcome = "joined", BytesFetched = 400 * MiB }, "joined");
        await Assertions.Expect(console.Row("node-4999").Locator(".badge")).ToContainTextAsync("joined");
        await console.Page.GetByLabel("Text", new PageGetByLabelOptions { Exact = true }).FillAsync("node-2500");
        await Assertions.Expect(console.Rows).ToHaveCountAsync(1);
    }

    /// <summary>Every boot tells of its progress about once a second, as agents do.</summary>
    private static async Task StormAsync(ScriptedSilo silo, ScriptedBoot[] boots, CancellationToken stop)
    {
        const int Turns = 20;
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(1000.0 / Turns));
        for (int turn = 0; !stop.IsCancellationRequested; turn++)
        {
            for (int at = turn % Turns; at < boots.Length; at += Turns)
            {
                boots[at] = boots[at] with
                {
                    BytesFetched = Math.Min(400 * MiB, (turn + (at % 7)) * MiB),
                    BytesPerSecond = 20 * MiB,
                    UpdatedAt = ScriptedFleet.Now,
                };
                silo.Tell(boots[at], "progress");
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
