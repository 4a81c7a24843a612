using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sqlite;

internal sealed class SqliteGrainStorage(string path) : GrainStorage
{
    internal override IStore Open(GrainClusterOptions options, ClusterLog log) => new SqliteStore(Path.GetFullPath(path), options, log);
}
