using System.Diagnostics;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>The real programs as processes of their own.</summary>
internal static class Programs
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    /// <summary>plasmd, once it is ready.</summary>
    public static async Task<(ChildProcess Process, Uri Url)> ServeAsync(
        ReleaseDirectory directory, string name, int? onPort = null, params (string Variable, string Value)[] environment)
    {
        int port = onPort ?? LoopbackPort.Free();
        Uri url = new($"http://127.0.0.1:{port}/");
        string[] arguments =
        [
            FileOf("plasmd"), "serve", "--artifacts", directory.Artifacts, "--channel", "stable", "--arch", "x86_64", "--bind", "127.0.0.1",
            "--port", $"{port}", "--state-dir", directory.At(name), "--mode", "local",
        ];
        ChildProcess process = ChildProcess.Start(name, "dotnet", arguments, start =>
        {
            Clean(start);
            foreach ((string variable, string value) in environment)
            {
                start.Environment[variable] = value;
            }
        });
        await HttpProbe.WaitForOkAsync(new Uri(url, "/readyz"), Limit, process);
        return (process, url);
    }

    /// <summary>phase-gateway, once it is ready.</summary>
    public static Task<(ChildProcess Process, Uri Url)> GatewayAsync(
        ReleaseDirectory directory, TestRelease release, IEnumerable<Uri> providers, params string[] more) =>
        GatewayAsync(LoopbackPort.Free(), directory, release, providers, more);

    /// <inheritdoc cref="GatewayAsync(ReleaseDirectory, TestRelease, IEnumerable{Uri}, string[])"/>
    public static async Task<(ChildProcess Process, Uri Url)> GatewayAsync(
        int port, ReleaseDirectory directory, TestRelease release, IEnumerable<Uri> providers, params string[] more)
    {
        Uri url = new($"http://127.0.0.1:{port}/");
        ChildProcess process = Start("phase-gateway", "phase-gateway",
        [
            "serve", "--bind", "127.0.0.1", "--port", $"{port}", "--state-dir", directory.At("gateway"),
            .. more.Contains("--memory") ? (string[])[] : ["--memory", "64MiB"], "--trust", release.Key.PublicKey.KeyId,
            .. providers.SelectMany(provider => (string[])["--provider", provider.ToString()]), .. more,
        ]);
        await HttpProbe.WaitForOkAsync(new Uri(url, "/readyz"), Limit, process);
        return (process, url);
    }

    /// <summary>phase-agent in host mode.</summary>
    public static ChildProcess Boot(TestRelease release, string output, params IEnumerable<Uri> providers) => Start(
        "phase-agent", "phase-agent", "--no-kexec", "--output", output, "--provider", string.Join(',', providers), "--arch", "x86_64",
        "--trust", release.Key.PublicKey.KeyId);

    private static ChildProcess Start(string assembly, string name, params string[] arguments) => ChildProcess.Start(
        name, "dotnet", [FileOf(assembly), .. arguments], Clean);

    /// <summary>The program file of one of the programs, for those who start it otherwise.</summary>
    public static string FileOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");

    public static void Clean(ProcessStartInfo start)
    {
        foreach (string variable in start.Environment.Keys
            .Where(key => key.StartsWith("PLASM_", StringComparison.Ordinal)
                || key.StartsWith("PHASE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(variable);
        }
    }
}
