using Microsoft.Playwright;

namespace PhaseMesh.Silo.Tests.Clients.Programs;

/// <summary>The browser shows a status page and downloads every artifact byte-exact.</summary>
internal static class Chromium
{
    private const string Program = "/usr/bin/chromium";

    /// <param name="files">Where the downloads go.</param>
    /// <param name="product">What the status page calls its program.</param>
    public static async Task DownloadAllAsync(DownloadedFiles files, string product)
    {
        Assert.True(File.Exists(Program), $"{Program} is missing; install Debian's chromium.");
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        IPage page = await browser.NewPageAsync();
        IResponse? status = await page.GotoAsync(files.Server.ToString());
        Assert.Equal(200, status!.Status);
        Assert.Contains($"\"{product}\"", await page.ContentAsync(), StringComparison.Ordinal);

        await page.SetContentAsync(string.Concat(
            DownloadedFiles.Names.Select(name => $"<a id={name} href='{files.UrlOf(name)}'>{name}</a> ")));
        foreach (string name in DownloadedFiles.Names)
        {
            IDownload download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync($"#{name}"));
            await download.SaveAsAsync(files.PathOf(name));
            Assert.Null(await download.FailureAsync());
            files.AssertSame(name);
        }
    }
}
