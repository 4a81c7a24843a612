using PhaseMesh.TestKit.Postgres;

namespace PhaseMesh.Cluster.Tests.Support;

/// <summary>One server for the tests that share a collection; each test has a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PostgresServer.StartNewAsync();

    public async Task<PostgresLab> NewLabAsync(bool isTcp = false) => new(Server, await Server.NewDatabaseAsync(isTcp));

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

[CollectionDefinition("PostgreSQL")]
public sealed class PostgresCollectionDefinition : ICollectionFixture<PostgresFixture>;
