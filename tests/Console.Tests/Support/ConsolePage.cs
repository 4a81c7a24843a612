using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>
/// The console in a browser of its own profile. What the browser complains of, such as breaches of the page's policy, fails the test.
/// </summary>
internal sealed class ConsolePage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];

    private ConsolePage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>Where requests went, by origin.</summary>
    public ConcurrentDictionary<string, int> Origins { get; } = [];

    public ILocator Rows => Page.Locator(".rows .row");

    public ILocator Connection => Page.Locator("#connection");

    public static async Task<ConsolePage> OpenAsync(IBrowser browser, Uri gateway, string hash, BrowserNewContextOptions? options)
    {
        IBrowserContext context = await browser.NewContextAsync(options ?? new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1360, Height = 860 },
        });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout((float)Limits.Patience.TotalMilliseconds);
        ConsolePage console = new(context, page);
        page.PageError += (_, error) => console._complaints.Enqueue(error);
        page.Console += (_, message) => console.Hear(message);
        page.Request += (_, request) =>
            console.Origins.AddOrUpdate(new Uri(request.Url).GetLeftPart(UriPartial.Authority), 1, (_, count) => count + 1);
        await page.GotoAsync(new Uri(gateway, "/console" + hash).ToString());
        return console;
    }

    public Task GoAsync(string hash) => Page.EvaluateAsync("hash => { location.hash = hash; }", hash);

    public ILocator Row(string machine) => Rows.Filter(new LocatorFilterOptions { HasText = machine });

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>The card of a channel.</summary>
    public ILocator Card(string channel) => Page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = channel, Exact = true });

    public ILocator Dialog => Page.Locator("dialog.change[open]");

    /// <summary>Chooses key files as a user does, and closes the dialog.</summary>
    public async Task ChooseKeysAsync(string? operatorFile, params string[] releaseFiles)
    {
        await Page.Locator("#keys").ClickAsync();
        if (operatorFile is not null)
        {
            await Page.Locator("input[aria-label=\"Operator's key file\"]").SetInputFilesAsync(operatorFile);
            await Assertions.Expect(Page.Locator("dialog.keys [role=status]")).ToContainTextAsync("operator");
        }

        foreach (string file in releaseFiles)
        {
            await Page.Locator("input[aria-label=\"Release key file\"]").SetInputFilesAsync(file);
            await Assertions.Expect(Page.Locator("dialog.keys")).ToContainTextAsync(Path.GetFileName(file));
        }

        await Button("Close").ClickAsync();
    }

    /// <summary>Into artifacts/console, for people.</summary>
    public Task PictureAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = TestKit.Repository.PathOf("artifacts", "console", name + ".png"),
        Animations = ScreenshotAnimations.Disabled,
    });

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_complaints);
    }

    private void Hear(IConsoleMessage message)
    {
        // What was answered with an error status the page has to explain, and a boot without a trace is no error at all.
        if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
        {
            _complaints.Enqueue($"{message.Type}: {message.Text}");
        }
    }
}
