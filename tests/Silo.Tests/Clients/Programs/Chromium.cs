using Microsoft.Playwright;

namespace PhaseMesh.Silo.Tests.Clients.Programs;

/// <summary>The browser shows a status page and downloads every artifact byte-exact.</summary>
internal static class Chromium
{
    /// <param name="files">Where the downloads go.</param>
    /// <param name="product">What the status page calls its program.</param>
    public static async Task DownloadAllAsync(DownloadedFiles files, string product)
    {
        await using ChromiumBrowser chromium = await ChromiumBrowser.LaunchAsync();
        IPage page = await chromium.Browser.NewPageAsync();
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
