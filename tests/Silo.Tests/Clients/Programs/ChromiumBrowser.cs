using Microsoft.Playwright;

namespace PhaseMesh.Silo.Tests.Clients.Programs;

/// <summary>Debian's Chromium, without a window and without calls to its makers.</summary>
internal sealed class ChromiumBrowser : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;

    private ChromiumBrowser(IPlaywright playwright, IBrowser browser) => (_playwright, Browser) = (playwright, browser);

    public IBrowser Browser { get; }

    /// <param name="more">Further switches.</param>
    public static async Task<ChromiumBrowser> LaunchAsync(params string[] more)
    {
        Assert.True(File.Exists(Program), $"{Program} is missing; install Debian's chromium.");
        IPlaywright playwright = await Playwright.CreateAsync();
        try
        {
            return new ChromiumBrowser(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = Program,
                Headless = true,
                Args =
                [
                    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", .. more,
                ],
            }));
        }
        catch
        {
            playwright.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
    }
}
