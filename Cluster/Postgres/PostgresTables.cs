using PhaseMesh.Cluster.Sql;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

internal static class PostgresTables
{
    public const string TextField = "((fields->>'{0}') COLLATE \"C\")";
    public const string NumberField = "((fields->>'{0}')::bigint)";

    public static IStoreTables Create(string schema, PostgresConnections connections) => new SqlTables(
        new SqlDialect(
            schema + ".",
            "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            "FOR UPDATE SKIP LOCKED",
            TextField,
            NumberField,
            "({0})::text"),
        async cancellationToken => await connections.OpenPooledAsync(cancellationToken));
}
