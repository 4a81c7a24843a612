using System.Globalization;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Cluster;

/// <summary>A silo in a process of its own: tests/Cluster.Node.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly string Program = Path.Combine(
        AppContext.BaseDirectory.Replace("Benchmarks", "Cluster.Node", StringComparison.Ordinal), "PhaseMesh.Cluster.Node.dll");

    private readonly ChildProcess _process;

    private SiloProcess(ChildProcess process, TimeSpan started) => (_process, Started) = (process, started);

    public int Id => _process.Id;

    /// <summary>From the start of the process to its first possible call.</summary>
    public TimeSpan Started { get; }

    public static async Task<SiloProcess> StartAsync(string database, string name, int callers)
    {
        ChildProcess process = ChildProcess.Start(
            name, "dotnet", [Program, $"postgres:{database}", name, $"{callers}", "2"],
            takes: line => line.StartsWith("entry", StringComparison.Ordinal) || line.StartsWith("tally", StringComparison.Ordinal));
        try
        {
            return new SiloProcess(process, (await process.WaitForLineAsync("ready ", Limit)).At);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public Task SignalAsync(string signal) => _process.SignalAsync(signal);

    public async Task AskAsync(string word, string answer)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        await _process.WaitForLineAsync(answer, Limit);
    }

    /// <returns>MiB, as the kernel counts it.</returns>
    public double ResidentMebibytes() => File.ReadLines($"/proc/{Id}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024).Single();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
