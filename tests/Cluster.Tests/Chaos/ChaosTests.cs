using PhaseMesh.TestKit.Postgres;
using Xunit.Abstractions;

namespace PhaseMesh.Cluster.Tests.Chaos;

/// <summary>
/// Environment: <c>CHAOS_SEED</c> repeats a plan, <c>CHAOS_SECONDS</c> makes it longer (default 40; SQLite a third of it).
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
        await run.BreakAsync(Duration);
        await run.HearBellsAsync();
        await run.SettleAsync();
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
