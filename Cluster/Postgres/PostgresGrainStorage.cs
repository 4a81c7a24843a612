using Npgsql;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

internal sealed class PostgresGrainStorage : GrainStorage
{
    private const int MaxSchemaLength = 40;
    private readonly string _connectionString;
    private readonly string _schema;

    public PostgresGrainStorage(string connectionString, string schema)
    {
        if (schema is not { Length: > 0 and <= MaxSchemaLength }
            || schema.Any(letter => letter is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_')))
        {
            throw new ArgumentException(
                $"The schema is '{schema}'; expected 1 to {MaxSchemaLength} lower-case letters, digits or underscores.", nameof(schema));
        }

        // Says at once what is wrong with it, rather than when the silo starts.
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString).ConnectionString;
        _schema = schema;
    }

    internal override IStore Open(GrainClusterOptions options, ClusterLog log) =>
        new PostgresStore(new PostgresConnections(_connectionString, options), _schema, options, log);
}
