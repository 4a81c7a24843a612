using System.Diagnostics;
using System.Text.Json;
using Microsoft.Playwright;
using PhaseMesh.TestKit;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>axe-core of npm, put into a page by the debugger, which the page's policy does not bind.</summary>
internal static class AxeCore
{
    private const string Run = """
        async () => (await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }))
          .violations.map((rule) => `${rule.id}: ${rule.help}\n`
            + rule.nodes.slice(0, 5).map((node) => `  ${node.html}\n  ${node.failureSummary}`).join("\n"))
        """;

    private static readonly Lazy<Task<string>> Source = new(InstallAsync);

    public static async Task AssertCleanAsync(IPage page)
    {
        await page.EvaluateAsync(await Source.Value);
        JsonElement violations = await page.EvaluateAsync<JsonElement>(Run);
        Assert.Empty(violations.EnumerateArray().Select(violation => violation.GetString()));
    }

    private static async Task<string> InstallAsync()
    {
        string folder = Repository.PathOf("tests", "Console.Tests", "js");
        using Process install = Process.Start(new ProcessStartInfo("sh", "install.sh") { WorkingDirectory = folder })!;
        await install.WaitForExitAsync();
        Assert.True(install.ExitCode == 0, $"install.sh in {folder} ended with {install.ExitCode}; axe-core is missing.");
        return await File.ReadAllTextAsync(Path.Combine(folder, "node_modules", "axe-core", "axe.min.js"));
    }
}
