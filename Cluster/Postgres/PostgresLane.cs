using System.Text;
using Npgsql;
using NpgsqlTypes;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>One held connection with its prepared statements, made again after a failure.</summary>
internal sealed class PostgresLane(PostgresConnections connections, string schema, string runId, TimeProvider time) : IStoreLane
{
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _read;
    private NpgsqlCommand? _write;
    private Task _closing = Task.CompletedTask;

    public async Task ReadAsync(IReadOnlyList<StateRead> batch)
    {
        try
        {
            NpgsqlConnection connection = await OpenAsync();
            _read ??= await PrepareAsync(
                connection,
                $"""
                SELECT i.n::int, s.version, s.schema, CASE WHEN s.version = i.known THEN NULL ELSE s.json END
                FROM unnest($1, $2, $3) WITH ORDINALITY AS i(grain, key, known, n)
                JOIN {schema}.state s ON s.grain = i.grain AND s.key = i.key
                """,
                NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bigint);
            _read.Parameters[0].Value = batch.Select(read => read.Id.Kind).ToArray();
            _read.Parameters[1].Value = batch.Select(read => read.Id.Key).ToArray();
            _read.Parameters[2].Value = batch.Select(read => read.KnownVersion).ToArray();
            StoredState?[] found = await ReadRowsAsync(_read, batch.Count).WaitAsync(connections.CommandLimit, time);
            for (int i = 0; i < batch.Count; i++)
            {
                StateRead read = batch[i];
                read.Complete(found[i] is not { } state
                    ? new StoredState(0, 1, null, read.KnownVersion == 0)
                    : state with { IsUnchanged = state.Version == read.KnownVersion });
            }
        }
        catch
        {
            Close();
            throw;
        }
    }

    public async Task WriteAsync(IReadOnlyList<StateWrite> batch, Action sent)
    {
        try
        {
            NpgsqlConnection connection = await OpenAsync();
            _write ??= await PrepareAsync(
                connection,
                $"SELECT n, found_version, found_tag FROM {schema}.write_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Integer, NpgsqlDbType.Text,
                NpgsqlDbType.Text, NpgsqlDbType.Bigint,
                NpgsqlDbType.Boolean, NpgsqlDbType.Boolean, NpgsqlDbType.Text, NpgsqlDbType.Integer, NpgsqlDbType.Text, NpgsqlDbType.Text);
            Fill(_write, batch);
            sent();
            (long Version, long Tag)?[] refused = await ReadRefusedAsync(_write, batch.Count).WaitAsync(connections.CommandLimit, time);
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
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await _closing.WaitAsync(connections.CommandLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task<StoredState?[]> ReadRowsAsync(NpgsqlCommand command, int count)
    {
        StoredState?[] found = new StoredState?[count];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            byte[]? json = reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3);
            found[reader.GetInt32(0) - 1] = new StoredState(reader.GetInt64(1), reader.GetInt32(2), json, IsUnchanged: false);
        }

        return found;
    }

    private static async Task<(long Version, long Tag)?[]> ReadRefusedAsync(NpgsqlCommand command, int count)
    {
        (long, long)?[] refused = new (long, long)?[count];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            refused[reader.GetInt32(0) - 1] = (reader.GetInt64(1), reader.GetInt64(2));
        }

        return refused;
    }

    private static async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection, string text, params NpgsqlDbType[] types)
    {
#pragma warning disable CA2100 // Made of constants and a checked schema name.
        NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        foreach (NpgsqlDbType type in types)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type == NpgsqlDbType.Boolean ? type : NpgsqlDbType.Array | type });
        }

        await command.PrepareAsync();
        return command;
    }

    private void Fill(NpgsqlCommand command, IReadOnlyList<StateWrite> batch)
    {
        int count = batch.Count;
        string[] kinds = new string[count];
        string[] keys = new string[count];
        long[] versions = new long[count];
        int[] schemas = new int[count];
        string?[] states = new string?[count];
        string[] fields = new string[count];
        long[] tags = new long[count];
        bool hasUpdates = false;
        bool hasInserts = false;
        List<int> eventWrites = [];
        List<string> eventFeeds = [];
        List<string> eventPayloads = [];
        for (int i = 0; i < count; i++)
        {
            StateWrite write = batch[i];
            (kinds[i], keys[i], versions[i], schemas[i], tags[i]) = (
                write.Id.Kind, write.Id.Key, write.ExpectedVersion, write.Schema, write.Tag);
            states[i] = write.Json is null ? null : Encoding.UTF8.GetString(write.Json);
            fields[i] = write.Fields;
            hasUpdates |= write.ExpectedVersion > 0;
            hasInserts |= write.ExpectedVersion == 0;
            foreach (PendingEvent pending in write.Events)
            {
                eventWrites.Add(i + 1);
                eventFeeds.Add(pending.Feed);
                eventPayloads.Add(pending.Payload);
            }
        }

        object[] values =
        [
            kinds, keys, versions, schemas, states, fields, tags, hasUpdates, hasInserts, ChangeNotice.Write(runId, batch),
            eventWrites.ToArray(), eventFeeds.ToArray(), eventPayloads.ToArray(),
        ];
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        if (_connection is not null)
        {
            return _connection;
        }

        using CancellationTokenSource limit = new(connections.CommandLimit, time);
        return _connection = await connections.OpenHeldAsync(limit.Token).AsTask().WaitAsync(connections.CommandLimit, time);
    }

    /// <summary>Not waited for: a connection to a frozen server may take its time.</summary>
    private void Close()
    {
        if (_connection is { } connection)
        {
            _closing = Task.Run(async () => await connection.DisposeAsync());
        }

        (_connection, _read, _write) = (null, null, null);
    }
}
