using System.Reflection;
using PhaseMesh.TestKit.Postgres;
using Xunit.Sdk;

namespace PhaseMesh.Grains.Tests.Support;

/// <summary>On Orleans there is one storage: PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnEachStorageAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [["postgres"]];
}

/// <summary>
/// One PostgreSQL server; each test has a database with Orleans' tables, made by the scripts in the directory ORLEANS_SQL.
/// </summary>
public sealed class FleetStorages : IAsyncLifetime
{
    private static readonly string[] Scripts =
        ["PostgreSQL-Main.sql", "PostgreSQL-Clustering.sql", "PostgreSQL-Persistence.sql", "PostgreSQL-Reminders.sql"];

    private PostgresServer _postgres = null!;

    public async Task InitializeAsync() => _postgres = await PostgresServer.StartNewAsync();

    public async Task<Func<FleetStorage>> NewAsync(string storage)
    {
        string connection = await _postgres.NewDatabaseAsync();
        string directory = Environment.GetEnvironmentVariable("ORLEANS_SQL")
            ?? throw new InvalidOperationException("ORLEANS_SQL isn't set; expected the directory with Orleans' PostgreSQL scripts.");
        await using Npgsql.NpgsqlDataSource database = Npgsql.NpgsqlDataSource.Create(connection);
        foreach (string script in Scripts)
        {
            await using Npgsql.NpgsqlCommand command = database.CreateCommand(await File.ReadAllTextAsync(Path.Combine(directory, script)));
            await command.ExecuteNonQueryAsync();
        }

        return () => new FleetStorage(connection);
    }

    public async Task DisposeAsync() => await _postgres.DisposeAsync();
}

/// <summary>Where a silo of a <see cref="FleetLab"/> keeps its grains.</summary>
public sealed record FleetStorage(string ConnectionString);
