using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Postgres;

[Collection("PostgreSQL")]
public sealed class PostgresSchemaTests(PostgresFixture postgres)
{
    [Fact]
    public async Task ManySilosAtOnce_OnAnEmptyDatabase_MakeTheSchemaOnce()
    {
        await using PostgresLab lab = await postgres.NewLabAsync(isTcp: true);
        GrainCluster[] silos = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => lab.StartSiloAsync($"s{i}")));
        await silos[0].GetGrain<ICounterGrain>("a").AddAsync(1);
        Assert.Equal(1, await silos[3].GetGrain<ICounterGrain>("a").GetAsync());
    }

    [Fact]
    public async Task SchemaOfANewerSilo_IsUsedWhereItSaysSo_AndRefusedOtherwise()
    {
        await using PostgresLab lab = await postgres.NewLabAsync();
        string database = new Npgsql.NpgsqlConnectionStringBuilder(lab.ConnectionString).Database!;
        await lab.StartSiloAsync("first");
        await lab.Server.SqlAsync("INSERT INTO phasemesh.schema_version VALUES (1000, 1, now())", database);
        GrainCluster older = await lab.StartSiloAsync("older");
        Assert.Equal(1, await older.GetGrain<ICounterGrain>("a").AddAsync(1));

        await lab.Server.SqlAsync("INSERT INTO phasemesh.schema_version VALUES (1001, 1001, now())", database);
        InvalidDataException fault = await Assert.ThrowsAsync<InvalidDataException>(() => lab.StartSiloAsync("too old"));
        Assert.Contains("1001", fault.Message);
    }

    [Theory]
    [InlineData("Phase")]
    [InlineData("x; DROP SCHEMA public")]
    [InlineData("")]
    public void SchemaName_ThatIsNotPlain_IsRefused(string schema) =>
        Assert.Throws<ArgumentException>(() => GrainStorage.Postgres(postgres.Server.ConnectionString(), schema));
}
