using System.Globalization;
using PhaseMesh.TestKit.Postgres;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Benchmarks.Cluster;

/// <summary>pgbench: one prepared UPDATE of one row of 500 bytes per transaction, as fast as it goes, with a connection per client.</summary>
internal sealed class PgBench(PostgresServer server)
{
    private const string Program = "/usr/lib/postgresql/15/bin/pgbench";
    private const int Rows = 20_000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly string _script = Path.Combine(Path.GetTempPath(), $"phasemesh-pgbench-{Environment.ProcessId}.sql");

    public async Task PrepareAsync()
    {
        if (!File.Exists(Program))
        {
            throw new BenchmarkAbsentException("pgbench is not installed; run: deploy/setup.sh bench");
        }

        await server.SqlAsync("CREATE TABLE peer (id int PRIMARY KEY, version bigint NOT NULL, json text NOT NULL) WITH (fillfactor = 75)");
        await server.SqlAsync($"INSERT INTO peer SELECT i, 1, repeat('x', 500) FROM generate_series(1, {Rows}) i");
        await File.WriteAllTextAsync(
            _script,
            $"\\set id random(1, {Rows})\nUPDATE peer SET version = version + 1, json = '{new string('y', 500)}' WHERE id = :id;\n");
    }

    /// <returns>Transactions per second.</returns>
    public async Task<double> RunAsync(int clients, int seconds)
    {
        IReadOnlyList<OutputLine> lines = await ChildProcess.RunAsync(
            Program,
            [
                "-n", "-M", "prepared", "-c", $"{clients}", "-j", "2", "-T", $"{seconds}", "-f", _script, "-p", $"{server.Port}",
                "-h", "127.0.0.1", "-U", "postgres", "postgres",
            ],
            Limit);
        string line = lines.Select(found => found.Text).First(text => text.StartsWith("tps = ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }
}
