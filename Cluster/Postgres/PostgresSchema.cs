using System.Data;
using Npgsql;
using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Sql;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// The tables, made and migrated by whichever silo comes first, under an advisory lock. Rule for a new version: add, never change what
/// an older silo uses (functions carry their version in their name); where that can't be, raise <see cref="CompatibleFrom"/>, and older
/// silos refuse to start.
/// </summary>
internal sealed class PostgresSchema(string schema, PostgresConnections connections, ClusterLog log)
{
    /// <summary>The version this silo makes.</summary>
    public const int Version = 1;

    /// <summary>The oldest silo that can work with what this version makes.</summary>
    public const int CompatibleFrom = 1;

    /// <summary>The database's clock, in microseconds since 1970.</summary>
    public const string Now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    public async Task EnsureAsync(StorePlan plan, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await connections.OpenPooledAsync(cancellationToken);
        List<(string Name, string Text)> indexes = [.. Indexes(plan)];
        if (await VersionAsync(connection, cancellationToken) >= Version
            && (await MissingAsync(connection, indexes, cancellationToken)).Count == 0)
        {
            return;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock(hashtext('{schema} schema'))", cancellationToken);
        int found = await VersionAsync(connection, cancellationToken);
        for (int version = found; version < Version; version++)
        {
            await RunAsync(connection, Migration(version + 1), cancellationToken);
        }

        if (found < Version)
        {
            await RunAsync(
                connection,
                $"INSERT INTO {schema}.schema_version (version, compatible_from, made_at) VALUES ({Version}, {CompatibleFrom}, now())",
                cancellationToken);
        }

        foreach ((_, string text) in await MissingAsync(connection, indexes, cancellationToken))
        {
            await RunAsync(connection, text, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        if (found < Version)
        {
            log.Migrated(connections.Description, found, Version);
        }
    }

    /// <returns>0 for an empty database.</returns>
    /// <exception cref="InvalidDataException">A newer silo made it so that this one can't work with it.</exception>
    private async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // From the catalog itself: to_regclass would answer from a cache that the wait for the advisory lock doesn't refresh.
        await using NpgsqlCommand exists = new(
            $"SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = '{schema}' AND tablename = 'schema_version')", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return 0;
        }

        await using NpgsqlCommand command = new(
            $"SELECT version, compatible_from FROM {schema}.schema_version ORDER BY version DESC LIMIT 1", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return 0;
        }

        int version = reader.GetInt32(0);
        int compatibleFrom = reader.GetInt32(1);
        return compatibleFrom <= Version
            ? version
            : throw new InvalidDataException($"{connections.Description}: schema {schema} has version {version}, which silos of "
                + $"version {compatibleFrom} and "
                + $"newer understand; this one has {Version}. Run a newer plasmd.");
    }

    /// <summary>An index per declared field, of that kind's rows only.</summary>
    private IEnumerable<(string Name, string Text)> Indexes(StorePlan plan) =>
        from kind in plan.Kinds
        from field in kind.Value.All
        let name = $"state_{new StateId(KindNames.Checked(kind.Key), field.Name).Hash():x16}"
        select (name, $"CREATE INDEX {name} ON {schema}.state "
            + $"(({string.Format(field.IsText ? PostgresTables.TextField : PostgresTables.NumberField, field.Name)}), key) "
            + $"WHERE grain = '{kind.Key}' AND json IS NOT NULL");

    /// <summary>Looked up first, as even CREATE INDEX IF NOT EXISTS stops all writes for a moment.</summary>
    private async Task<List<(string Name, string Text)>> MissingAsync(
        NpgsqlConnection connection, List<(string Name, string Text)> indexes, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("SELECT indexname FROM pg_indexes WHERE schemaname = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = schema });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        HashSet<string> present = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            present.Add(reader.GetString(0));
        }

        return [.. indexes.Where(index => !present.Contains(index.Name))];
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Made of constants and a checked schema name.
        await using NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private string Migration(int version) => version switch
    {
        1 => FirstVersion(),
        _ => throw new InvalidOperationException($"There is no migration to version {version}."),
    };

    private string FirstVersion() => $$"""
        CREATE SCHEMA IF NOT EXISTS {{schema}};

        CREATE TABLE {{schema}}.schema_version (version int PRIMARY KEY, compatible_from int NOT NULL, made_at timestamptz NOT NULL);

        -- json is NULL where a record was cleared: its version lives on, so that no old copy anywhere can pass for the next record's.
        CREATE TABLE {{schema}}.state (
            grain text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, schema int NOT NULL,
            json text, fields jsonb NOT NULL, tag bigint NOT NULL, changed_at bigint NOT NULL,
            PRIMARY KEY (grain, key)) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
        CREATE INDEX state_cleared ON {{schema}}.state (changed_at) WHERE json IS NULL;

        CREATE TABLE {{schema}}.event (
            sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feed text COLLATE "C" NOT NULL, key text NOT NULL, version bigint NOT NULL,
            at bigint NOT NULL, payload text NOT NULL);
        CREATE INDEX event_feed ON {{schema}}.event (feed, sequence);

        CREATE TABLE {{schema}}.silo (
            name text NOT NULL, generation bigint NOT NULL, address text NOT NULL, version text NOT NULL,
            started_at bigint NOT NULL, seen_at bigint NOT NULL, lease_end bigint NOT NULL, has_left bigint NOT NULL,
            PRIMARY KEY (name, generation));

        CREATE TABLE {{schema}}.reminder (
            grain text NOT NULL, key text NOT NULL, name text NOT NULL, first_due bigint NOT NULL, period bigint NOT NULL,
            due bigint NOT NULL, held_until bigint NOT NULL, claim bigint NOT NULL, attempts bigint NOT NULL,
            PRIMARY KEY (grain, key, name));
        CREATE INDEX reminder_due ON {{schema}}.reminder (due);

        -- What each batch changed (hash and version, in turn), for other silos; kept for half a minute. Not worth a log: a crash of the
        -- server cuts the connections of all who read it, and they begin anew.
        CREATE UNLOGGED TABLE {{schema}}.change (
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(), run bigint NOT NULL, entries bigint[] NOT NULL)
            WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
        ALTER TABLE {{schema}}.change ALTER COLUMN entries SET STORAGE EXTERNAL;
        CREATE INDEX change_xid ON {{schema}}.change (xid);
        """;
}
