using PhaseMesh.Benchmarks.Silo;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.BootLab;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.BootAgent;

/// <summary>Fetching and verifying a 1 GiB release from one plasmd: phase-agent against curl and sha256sum of the same bytes.</summary>
internal sealed class FetchBenchmark : IBenchmark
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public IReadOnlyList<string> RowNames { get; } = ["agent.fetch"];

    public async Task<IReadOnlyList<Row>> RunAsync(int rounds)
    {
        await using ServedRelease release = await ServedRelease.StartAsync();
        string keyId = await BootLab.KeyIdAsync(release.KeyFile);
        string url = release.Plasmd.Url.ToString().TrimEnd('/');
        string agent = Repository.PathOf("artifacts", "agent", "phase-agent");
        string output = release.PathOf("fetched");
        string script = $"for a in manifest.json kernel initramfs rootfs; do curl -sf -o {output}/$a {url}/$a; done; cd {output} && sha256sum kernel initramfs rootfs";

        List<(double, double)> measured = [];
        for (int round = -1; round < rounds; round++)
        {
            double ours = await TimeAsync(output, agent, ["--provider", url, "--channel", "stable", "--arch", "x86_64", "--trust", keyId, "--no-kexec", "--output", output]);
            double peer = await TimeAsync(output, "sh", ["-c", script]);
            if (round >= 0)
            {
                measured.Add((ours, peer));
            }
        }

        return [Row.From(RowNames[0], "s", higherIsBetter: false, "curl + sha256sum", measured)];
    }

    private static async Task<double> TimeAsync(string output, string program, string[] arguments)
    {
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }

        Directory.CreateDirectory(output);
        long started = TimeProvider.System.GetTimestamp();
        await ChildProcess.RunAsync(program, arguments, Limit);
        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }
}
