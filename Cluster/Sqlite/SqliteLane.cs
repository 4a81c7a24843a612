using System.Text;
using Microsoft.Data.Sqlite;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sqlite;

/// <summary>One connection to the file with its prepared statements.</summary>
internal sealed class SqliteLane(SqliteStore store) : IStoreLane
{
    private const string Now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)";

    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private SqliteConnection? _connection;

    /// <summary>
    /// On the caller's thread: a look-up in the page cache costs less than handing it over, and readers never wait for writers.
    /// </summary>
    public Task ReadAsync(IReadOnlyList<StateRead> batch)
    {
        try
        {
            SqliteCommand select = Command("SELECT version, schema, json FROM state WHERE grain = $1 AND key = $2", 2);
            List<StoredState> found = new(batch.Count);
            foreach (StateRead read in batch)
            {
                Set(select, read.Id.Kind, read.Id.Key);
                using SqliteDataReader reader = select.ExecuteReader();
                if (!reader.Read())
                {
                    found.Add(new StoredState(0, 1, null, read.KnownVersion == 0));
                    continue;
                }

                long version = reader.GetInt64(0);
                bool isUnchanged = version == read.KnownVersion;
                byte[]? json = isUnchanged || reader.IsDBNull(2) ? null : Encoding.UTF8.GetBytes(reader.GetString(2));
                found.Add(new StoredState(version, reader.GetInt32(1), json, isUnchanged));
            }

            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].Complete(found[i]);
            }

            return Task.CompletedTask;
        }
        catch
        {
            Close();
            throw;
        }
    }

    public Task WriteAsync(IReadOnlyList<StateWrite> batch, Action sent) => Task.Run(() =>
    {
        try
        {
            (long Version, long Tag)?[] refused = new (long, long)?[batch.Count];
            Run("BEGIN IMMEDIATE");
            long change = (long)Command("UPDATE change_counter SET value = value + 1 RETURNING value", 0).ExecuteScalar()!;
            for (int i = 0; i < batch.Count; i++)
            {
                refused[i] = Write(batch[i], change);
            }

            sent();
            Run("COMMIT");
            for (int i = 0; i < batch.Count; i++)
            {
                if (refused[i] is { } found)
                {
                    batch[i].CompleteFrom(found.Version, found.Tag);
                }
                else
                {
                    batch[i].Complete(true);
                }
            }
        }
        catch
        {
            Close();
            throw;
        }
    });

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <returns>Null where it was done, else what was found.</returns>
    private (long Version, long Tag)? Write(StateWrite write, long change)
    {
        object json = write.Json is null ? DBNull.Value : Encoding.UTF8.GetString(write.Json);
        SqliteCommand command = write.ExpectedVersion == 0
            ? Command(
                $"INSERT INTO state (grain, key, version, schema, json, fields, tag, changed_at, change) VALUES ($1, $2, 1, $4, $5, "
                    + $"$6, $7, {Now}, $8) "
                + "ON CONFLICT (grain, key) DO NOTHING", 8)
            : Command(
                $"UPDATE state SET version = version + 1, schema = $4, json = $5, fields = $6, tag = $7, changed_at = {Now}, change = $8 "
                + "WHERE grain = $1 AND key = $2 AND version = $3", 8);
        Set(command, write.Id.Kind, write.Id.Key, write.ExpectedVersion, write.Schema, json, write.Fields, write.Tag, change);
        if (command.ExecuteNonQuery() == 1)
        {
            foreach (PendingEvent pending in write.Events)
            {
                SqliteCommand insert = Command($"INSERT INTO event (feed, key, version, at, payload) VALUES ($1, $2, $3, {Now}, $4)", 4);
                Set(insert, pending.Feed, write.Id.Key, write.ExpectedVersion + 1, pending.Payload);
                insert.ExecuteNonQuery();
            }

            return null;
        }

        SqliteCommand select = Command("SELECT version, tag FROM state WHERE grain = $1 AND key = $2", 2);
        Set(select, write.Id.Kind, write.Id.Key);
        using SqliteDataReader reader = select.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }

    private void Run(string text) => Command(text, 0).ExecuteNonQuery();

    private static void Set(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    private SqliteCommand Command(string text, int parameters)
    {
        _connection ??= store.Open(isPooled: false);
        if (!_commands.TryGetValue(text, out SqliteCommand? command))
        {
            command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constants.
            command.CommandText = text;
#pragma warning restore CA2100
            for (int i = 1; i <= parameters; i++)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            }

            _commands.Add(text, command);
        }

        return command;
    }

    /// <summary>Rolls back whatever was open.</summary>
    private void Close()
    {
        foreach (SqliteCommand command in _commands.Values)
        {
            command.Dispose();
        }

        _commands.Clear();
        _connection?.Dispose();
        _connection = null;
    }
}
