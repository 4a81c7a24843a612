using System.Globalization;
using System.Text.RegularExpressions;
using PhaseMesh.Benchmarks.Seeing;

namespace PhaseMesh.Benchmarks.Gateway;

/// <summary>phase-gateway as a process of its own, built as these benchmarks are.</summary>
internal sealed partial class GatewayProgram : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly SeenProgram _program;

    private GatewayProgram(SeenProgram program) => _program = program;

    public Uri Url => _program.Url;

    public int Id => _program.Process.Id;

    /// <param name="files">Whose key it trusts; also where it keeps its state.</param>
    /// <param name="providers">Serve those files.</param>
    /// <param name="memoryBytes">For chunks.</param>
    /// <param name="more">Further flags.</param>
    public static async Task<GatewayProgram> StartAsync(
        OriginFiles files, IEnumerable<Uri> providers, long memoryBytes, params IReadOnlyList<string> more) =>
        new(await SeenProgram.StartAsync(
            "phase-gateway",
            [
                "--state-dir", files.NewFolder("gateway"), "--memory", $"{memoryBytes}", "--trust", files.TrustedKey,
                .. providers.SelectMany(url => (string[])["--provider", url.ToString()]), .. more,
            ],
            "/readyz"));

    /// <summary>Bytes that it fetched twice so far, because the first replica asked was late.</summary>
    public async Task<long> DuplicateBytesAsync()
    {
        using HttpClient client = new() { Timeout = Limit };
        string metrics = await client.GetStringAsync(new Uri(Url, "/metrics"));
        return (long)double.Parse(Duplicates().Match(metrics).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    [GeneratedRegex("""^phase_gateway_wasted[a-z_]*\{[^}]*reason="duplicate"[^}]*\} ([0-9.e+]+)""", RegexOptions.Multiline)]
    private static partial Regex Duplicates();
}
