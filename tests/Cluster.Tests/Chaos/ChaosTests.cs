using PhaseMesh.TestKit.Postgres;
using Xunit.Abstractions;

namespace PhaseMesh.Cluster.Tests.Chaos;

/// <summary>
/// Environment: <c>CHAOS_SEED</c> repeats a plan, <c>CHAOS_SECONDS</c> makes it longer (default 40; SQLite a third of it); <c>make soak</c>
/// sets it.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(8);

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("CHAOS_SEED"), out int seed) ? seed : Random.Shared.Next();

    private static TimeSpan Duration =>
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("CHAOS_SECONDS"), out int seconds) ? seconds : 40);

    [Fact]
    public async Task Postgres_SilosAndDatabaseBreak_NothingAcknowledgedIsLostAndNoCallHangs()
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        await using ChaosRun run = new(output, $"postgres:{await server.NewDatabaseAsync()}", server, Seed, Pause);
        await run.StartAsync();

        // The first silo is frozen but never killed: what it leaks shows between the end of the first part and the end of the last.
        int parts = Math.Max(2, (int)(Duration / TimeSpan.FromMinutes(1)));
        SiloGauge first = default!;
        for (int part = 0; part < parts; part++)
        {
            await run.BreakAsync(Duration / parts, isFirstSpared: true, salt: part);
            await run.HearBellsAsync();
            SiloGauge now = await run.GaugeAsync();
            first = part == 0 ? now : first;
        }

        await run.SettleAsync();
        await run.CheckLeaksAsync(first);
    }

    [Fact]
    public async Task Sqlite_ProcessesOnOneFileAreKilled_NothingAcknowledgedIsLost()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("phasemesh-chaos-");
        try
        {
            await using ChaosRun run = new(output, $"sqlite:{Path.Combine(directory.FullName, "grains.db")}", null, Seed, Pause);
            await run.StartAsync();
            await run.BreakAsync(Duration / 3, canFreeze: false);
            await run.HearBellsAsync();
            await run.SettleAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
