using System.Reflection;
using PhaseMesh.TestKit.Postgres;
using Xunit.Sdk;

namespace PhaseMesh.Silo.Tests.Fleet.Support;

/// <summary>The test runs on each database a silo can have.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnEachDatabaseAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [["sqlite"], ["postgres"]];
}

/// <summary>One PostgreSQL server for all tests of the fleet; started by the first that needs it.</summary>
public sealed class FleetStorages : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("phasemesh-fleet-").FullName;
    private readonly Lazy<Task<PostgresServer>> _postgres = new(PostgresServer.StartNewAsync);
    private int _files;

    public Task<PostgresServer> Postgres => _postgres.Value;

    public Task InitializeAsync() => Task.CompletedTask;

    /// <returns>What <c>cluster.database</c> is set to.</returns>
    public async Task<string> NewAsync(string database) => database == "sqlite"
        ? $"sqlite:{Path.Combine(_directory, $"{Interlocked.Increment(ref _files)}.db")}"
        : await (await Postgres).NewDatabaseAsync();

    public async Task DisposeAsync()
    {
        if (_postgres.IsValueCreated)
        {
            await (await _postgres.Value).DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }
}

[CollectionDefinition("Fleet")]
public sealed class FleetCollectionDefinition : ICollectionFixture<FleetStorages>;
