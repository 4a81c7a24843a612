using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.InMemory;
using PhaseMesh.Cluster.Postgres;
using PhaseMesh.Cluster.Sqlite;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>Where a cluster keeps its grains.</summary>
public abstract class GrainStorage
{
    private protected GrainStorage()
    {
    }

    /// <summary>For tests: gone with the value. Clusters that share one value are silos of one cluster.</summary>
    public static GrainStorage InMemory() => new InMemoryGrainStorage();

    /// <summary>
    /// PostgreSQL 13 or newer. A silo holds 7 connections and up to 4 more; it needs session-level features (LISTEN, prepared
    /// statements), so no transaction pooler in between. All its tables are in the schema <paramref name="schema"/>, which is made at
    /// the first start.
    /// </summary>
    /// <param name="connectionString">As Npgsql takes it.</param>
    /// <param name="schema">1 to 40 lower-case letters, digits and underscores.</param>
    public static GrainStorage Postgres(string connectionString, string schema = "phasemesh") =>
        new PostgresGrainStorage(connectionString, schema);

    /// <summary>One file for one machine; several processes may use it at once. Not for network file systems.</summary>
    public static GrainStorage Sqlite(string path) => new SqliteGrainStorage(path);

    internal abstract IStore Open(GrainClusterOptions options, ClusterLog log);
}
