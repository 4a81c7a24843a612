using Microsoft.Playwright;
using PhaseMesh.Silo.Tests.Clients.Programs;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>One Chromium and one fleet of real processes for all tests, which take turns.</summary>
public sealed class ConsoleBrowser : IAsyncLifetime
{
    /// <summary>A name for this machine that is no loopback address to the browser: a page from there is not secure.</summary>
    public const string OtherHost = "gateway.example";

    private ChromiumBrowser? _chromium;
    private RealFleet? _fleet;

    internal RealFleet Fleet => _fleet!;

    public async Task InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Limits.Patience.TotalMilliseconds);
        Task<ChromiumBrowser> chromium = ChromiumBrowser.LaunchAsync($"--host-resolver-rules=MAP {OtherHost} 127.0.0.1");
        _fleet = await RealFleet.StartAsync();
        _chromium = await chromium;
    }

    public async Task DisposeAsync()
    {
        await (_chromium?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <param name="gateway">Whose console.</param>
    /// <param name="hash">The view, such as <c>#/channels</c>.</param>
    /// <param name="options">Size, colours and the like.</param>
    internal Task<ConsolePage> OpenAsync(Uri gateway, string hash = "", BrowserNewContextOptions? options = null) =>
        ConsolePage.OpenAsync(_chromium!.Browser, gateway, hash, options);
}

[CollectionDefinition(Name)]
public sealed class ConsoleTurns : ICollectionFixture<ConsoleBrowser>
{
    public const string Name = "Console";
}

internal static class Limits
{
    /// <summary>The machine may be busy with other suites.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How soon the console shows what a silo heard.</summary>
    public static readonly TimeSpan Shown = TimeSpan.FromSeconds(5);
}
