using System.Net;
using System.Text.RegularExpressions;
using PhaseMesh.Console.Tests.Support;
using PhaseMesh.Gateway.OperatorConsole;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Console.Tests;

/// <summary>The console's files, as a gateway serves them.</summary>
[Collection(ConsoleTurns.Name)]
public sealed partial class FileTests(ConsoleBrowser browser)
{
    /// <summary>A page that an operator opens over a slow line in a bad moment.</summary>
    private const int MaxBytes = 256 << 10;

    [Fact]
    public async Task Files_AllComeWithTypePolicyAndTag()
    {
        using HttpClient client = new() { BaseAddress = browser.Fleet.Gateway };
        Assert.NotEmpty(ConsoleFile.All);
        foreach (ConsoleFile file in ConsoleFile.All)
        {
            using HttpResponseMessage answer = await client.GetAsync(file.Path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(file.Content.ToArray(), await answer.Content.ReadAsByteArrayAsync());
            Assert.Equal(file.ContentType, answer.Content.Headers.ContentType!.ToString());
            string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.True(answer.Headers.CacheControl!.NoCache);

            using HttpRequestMessage again = new(HttpMethod.Get, file.Path);
            again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
            using HttpResponseMessage unchanged = await client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

            using HttpRequestMessage head = new(HttpMethod.Head, file.Path);
            using HttpResponseMessage headed = await client.SendAsync(head);
            Assert.Equal((HttpStatusCode.OK, file.Content.Length), (headed.StatusCode, headed.Content.Headers.ContentLength));
        }
    }

    [Theory]
    [InlineData("/console/nothing.js", HttpStatusCode.NotFound)]
    [InlineData("/console/index.html", HttpStatusCode.NotFound)]
    [InlineData("/console/../app.js", HttpStatusCode.NotFound)]
    [InlineData("/console/", HttpStatusCode.OK)]
    public async Task OtherPaths_AreAnsweredAsEver(string path, HttpStatusCode expected)
    {
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(new Uri(browser.Fleet.Gateway + path.TrimStart('/'), new UriCreationOptions
        {
            DangerousDisablePathAndQueryCanonicalization = true,
        }));
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task AReleaseChannelCalledConsole_KeepsItsPaths()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { Channel = ReleaseChannelName.Parse("console") });
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = release.Key.PublicKey.KeyId };
        await using GatewayScene scene = await GatewayScene.StartAsync(directory, release, [new Uri(provider.Url)]);
        await scene.ReadyAsync();

        Assert.Equal(release.Manifest.RawBytes.ToArray(), await scene.Client.GetByteArrayAsync("/console/x86_64/manifest.json"));
        Assert.Contains("<title>PhaseMesh", await scene.Client.GetStringAsync("/console"), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_NamesEveryFileAndNoOther()
    {
        string page = Text(ConsoleFile.All.Single(file => file.Name == ConsoleFile.Page));
        IEnumerable<string> named = Reference().Matches(page).Select(match => match.Groups[1].Value);
        Assert.Equal(
            ConsoleFile.All.Where(file => file.Name != ConsoleFile.Page).Select(file => file.Path).Order(StringComparer.Ordinal),
            named.Order(StringComparer.Ordinal));
        Assert.InRange(ConsoleFile.All.Sum(file => file.Content.Length), 1, MaxBytes);
    }

    /// <summary>No other host, and nothing that would make markup or code of a text.</summary>
    [Fact]
    public void Scripts_AskNobodyElseAndMakeNoMarkup()
    {
        foreach (ConsoleFile file in ConsoleFile.All.Where(file => file.Name.EndsWith(".js", StringComparison.Ordinal)))
        {
            Assert.DoesNotMatch(Forbidden(), Text(file));
        }
    }

    /// <summary>Every problem that silos can answer with is explained.</summary>
    [Fact]
    public async Task Problems_AreThoseOfTheApi()
    {
        string table = await File.ReadAllTextAsync(Repository.PathOf("docs", "wire", "fleet-api.md"));
        IEnumerable<string> documented = Slug().Matches(table[table.IndexOf("| type | status", StringComparison.Ordinal)..])
            .Select(match => match.Groups[1].Value);
        await using ConsolePage console = await browser.OpenAsync(browser.Fleet.Gateway);
        string[] explained = await console.Page.EvaluateAsync<string[]>(
            "async () => (await import('/console/core/problems.js')).knownSlugs");
        Assert.Equal(documented.Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    private static string Text(ConsoleFile file) => System.Text.Encoding.UTF8.GetString(file.Content.Span);

    [GeneratedRegex("""(?:href|src)="(/console/[^"]+)"|(?:href|src)="(?!#|/console/)""")]
    private static partial Regex Reference();

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\.setAttribute\(""style|import\(|"
        + @"sessionStorage|indexedDB|document\.cookie|https?://(?!www\.w3\.org/2000/svg|localhost )[a-z0-9]")]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"^\| `([a-z-]+)` \| \d{3} \|", RegexOptions.Multiline)]
    private static partial Regex Slug();
}
