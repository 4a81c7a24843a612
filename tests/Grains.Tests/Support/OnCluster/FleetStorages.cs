using System.Reflection;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.TestKit.Postgres;
using Xunit.Sdk;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>The test runs on each storage.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnEachStorageAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [["memory"], ["sqlite"], ["postgres"]];
}

/// <summary>One PostgreSQL server for all tests; started by the first that needs it.</summary>
public sealed class FleetStorages : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("phasemesh-grains-").FullName;
    private readonly Lazy<Task<PostgresServer>> _postgres = new(PostgresServer.StartNewAsync);
    private int _files;

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>An empty storage; the function gives it to each silo that shares it.</summary>
    public async Task<Func<FleetStorage>> NewAsync(string storage)
    {
        switch (storage)
        {
            case "memory":
                GrainStorage memory = GrainStorage.InMemory();
                return () => new FleetStorage(memory);
            case "sqlite":
                string path = Path.Combine(_directory, $"{Interlocked.Increment(ref _files)}.db");
                return () => new FleetStorage(GrainStorage.Sqlite(path));
            default:
                string database = await (await _postgres.Value).NewDatabaseAsync();
                return () => new FleetStorage(GrainStorage.Postgres(database));
        }
    }

    public async Task DisposeAsync()
    {
        if (_postgres.IsValueCreated)
        {
            await (await _postgres.Value).DisposeAsync();
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>Where a silo of a <see cref="FleetLab"/> keeps its grains.</summary>
public sealed record FleetStorage(GrainStorage Value);
