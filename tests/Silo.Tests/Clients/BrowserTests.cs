using Microsoft.Playwright;
using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Clients;

/// <summary>Chromium downloads every artifact byte-exact and shows the status page.</summary>
public sealed class BrowserTests
{
    private const string Chromium = "/usr/bin/chromium";

    [Theory]
    [InlineData(BodyTransport.Best)]
    [InlineData(BodyTransport.Portable)]
    public async Task Chromium_DownloadsEveryArtifact(BodyTransport transport)
    {
        Assert.True(File.Exists(Chromium), $"{Chromium} is missing; install Debian's chromium.");
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        using DownloadedFiles files = new(scene);
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync",
            ],
        });
        IPage page = await browser.NewPageAsync();
        IResponse? status = await page.GotoAsync(scene.Address.ToString());
        Assert.Equal(200, status!.Status);
        Assert.Contains("\"plasmd\"", await page.ContentAsync(), StringComparison.Ordinal);

        await page.SetContentAsync(string.Concat(DownloadedFiles.Names.Select(name => $"<a id={name} href='{files.UrlOf(name)}'>{name}</a> ")));
        foreach (string name in DownloadedFiles.Names)
        {
            IDownload download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync($"#{name}"));
            await download.SaveAsAsync(files.PathOf(name));
            Assert.Null(await download.FailureAsync());
            files.AssertSame(name);
        }
    }
}
