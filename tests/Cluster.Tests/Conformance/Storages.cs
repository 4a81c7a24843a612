using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Conformance;

public sealed class InMemoryCallTests : CallTests
{
    protected override Task<StorageLab> NewLabAsync() => Task.FromResult<StorageLab>(new InMemoryLab());
}

public sealed class SqliteCallTests : CallTests
{
    protected override Task<StorageLab> NewLabAsync() => Task.FromResult<StorageLab>(new SqliteLab());
}

[Collection("PostgreSQL")]
public sealed class PostgresCallTests(PostgresFixture postgres) : CallTests
{
    protected override async Task<StorageLab> NewLabAsync() => await postgres.NewLabAsync();
}

public sealed class InMemoryTableTests : TableTests
{
    protected override Task<StorageLab> NewLabAsync() => Task.FromResult<StorageLab>(new InMemoryLab());
}

public sealed class SqliteTableTests : TableTests
{
    protected override Task<StorageLab> NewLabAsync() => Task.FromResult<StorageLab>(new SqliteLab());
}

[Collection("PostgreSQL")]
public sealed class PostgresTableTests(PostgresFixture postgres) : TableTests
{
    protected override async Task<StorageLab> NewLabAsync() => await postgres.NewLabAsync();
}
