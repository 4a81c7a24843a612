using Microsoft.Data.Sqlite;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Sql;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sqlite;

/// <summary>The tables, made and migrated by whichever process comes first. <c>user_version</c> is the schema's version.</summary>
internal static class SqliteSchema
{
    public const int Version = 1;
    public const string Field = "json_extract(fields, '$.{0}')";

    /// <returns>The version found; 0 for an empty file.</returns>
    /// <exception cref="InvalidDataException">A newer silo made it.</exception>
    public static int Ensure(SqliteStore store, StorePlan plan)
    {
        using SqliteConnection connection = store.Open(isPooled: false);
        SqliteStore.Run(connection, "PRAGMA journal_mode = WAL");
        SqliteStore.Run(connection, "BEGIN IMMEDIATE");
        int found = (int)SqliteStore.Number(connection, "PRAGMA user_version");
        if (found > Version)
        {
            throw new InvalidDataException($"{store.Description} has schema version {found}; this silo has {Version}. Run a newer plasmd.");
        }

        if (found < Version)
        {
            SqliteStore.Run(connection, FirstVersion);
            SqliteStore.Run(connection, $"PRAGMA user_version = {Version}");
        }

        foreach ((string kind, StateFields fields) in plan.Kinds)
        {
            foreach (StateField field in fields.All)
            {
                SqliteStore.Run(
                    connection,
                    $"CREATE INDEX IF NOT EXISTS state_{new StateId(KindNames.Checked(kind), field.Name).Hash():x16} "
                    + $"ON state ({string.Format(Field, field.Name)}, key) WHERE grain = '{kind}' AND json IS NOT NULL");
            }
        }

        SqliteStore.Run(connection, "COMMIT");
        return found;
    }

    private const string FirstVersion = """
        CREATE TABLE state (
            grain TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, schema INTEGER NOT NULL,
            json TEXT, fields TEXT NOT NULL, tag INTEGER NOT NULL, changed_at INTEGER NOT NULL, change INTEGER NOT NULL,
            PRIMARY KEY (grain, key)) WITHOUT ROWID;
        CREATE INDEX state_change ON state (change);
        CREATE INDEX state_cleared ON state (changed_at) WHERE json IS NULL;
        CREATE TABLE change_counter (value INTEGER NOT NULL);
        INSERT INTO change_counter VALUES (0);
        CREATE TABLE event (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
            at INTEGER NOT NULL, payload TEXT NOT NULL);
        CREATE INDEX event_feed ON event (feed, sequence);
        CREATE TABLE silo (
            name TEXT NOT NULL, generation INTEGER NOT NULL, address TEXT NOT NULL, version TEXT NOT NULL,
            started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, lease_end INTEGER NOT NULL, has_left INTEGER NOT NULL,
            PRIMARY KEY (name, generation));
        CREATE TABLE reminder (
            grain TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, first_due INTEGER NOT NULL, period INTEGER NOT NULL,
            due INTEGER NOT NULL, held_until INTEGER NOT NULL, claim INTEGER NOT NULL, attempts INTEGER NOT NULL,
            PRIMARY KEY (grain, key, name));
        CREATE INDEX reminder_due ON reminder (due);
        """;
}
