using Npgsql;
using NpgsqlTypes;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>One held connection with its prepared statements, made again after a failure.</summary>
internal sealed class PostgresLane(
    PostgresConnections connections, string schema, long run, PostgresChangeLog changes, TimeProvider time) : IStoreLane
{
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _read;
    private readonly Dictionary<PostgresWriteShape, NpgsqlCommand> _writes = [];
    private NpgsqlCommand? _explain;
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
            PostgresWrite write = PostgresWrite.Of(batch, run);
            if (!_writes.TryGetValue(write.Shape, out NpgsqlCommand? command))
            {
                command = await PrepareAsync(connection, write.Shape.Text(schema), PostgresWrite.Types);
                _writes.Add(write.Shape, command);
            }

            write.Fill(command);
            sent();
            HashSet<long> done = await ReadDoneAsync(command, batch.Count).WaitAsync(connections.CommandLimit, time);
            List<StateWrite> refused = [];
            foreach (StateWrite one in batch)
            {
                if (done.Contains(one.Tag))
                {
                    one.Complete(true);
                }
                else
                {
                    refused.Add(one);
                }
            }

            if (done.Count > 0)
            {
                changes.Ring(write.Entries, write.Shape.HasEvents);
            }

            if (refused.Count > 0)
            {
                await ExplainAsync(connection, refused);
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

    private static async Task<HashSet<long>> ReadDoneAsync(NpgsqlCommand command, int count)
    {
        HashSet<long> done = new(count);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            done.Add(reader.GetInt64(0));
        }

        return done;
    }

    /// <summary>
    /// What stood in the way of each. Asked afterwards: seldom needed, and whatever moved on since is told as such by its tag.
    /// </summary>
    private async Task ExplainAsync(NpgsqlConnection connection, List<StateWrite> refused)
    {
        _explain ??= await PrepareAsync(
            connection,
            $"""
            SELECT i.n::int, s.version, s.tag FROM unnest($1, $2) WITH ORDINALITY AS i(grain, key, n)
            JOIN {schema}.state s ON s.grain = i.grain AND s.key = i.key
            """,
            NpgsqlDbType.Text, NpgsqlDbType.Text);
        _explain.Parameters[0].Value = refused.Select(write => write.Id.Kind).ToArray();
        _explain.Parameters[1].Value = refused.Select(write => write.Id.Key).ToArray();
        (long Version, long Tag)[] found = await ReadAsync().WaitAsync(connections.CommandLimit, time);
        for (int i = 0; i < refused.Count; i++)
        {
            refused[i].CompleteFrom(found[i].Version, found[i].Tag);
        }

        async Task<(long Version, long Tag)[]> ReadAsync()
        {
            (long, long)[] rows = new (long, long)[refused.Count];
            await using NpgsqlDataReader reader = await _explain.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                rows[reader.GetInt32(0) - 1] = (reader.GetInt64(1), reader.GetInt64(2));
            }

            return rows;
        }
    }

    private static async Task<NpgsqlCommand> PrepareAsync(NpgsqlConnection connection, string text, params NpgsqlDbType[] types)
    {
#pragma warning disable CA2100 // Made of constants and a checked schema name.
        NpgsqlCommand command = new(text, connection);
#pragma warning restore CA2100
        foreach (NpgsqlDbType type in types)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        }

        await command.PrepareAsync();
        return command;
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

        (_connection, _read, _explain) = (null, null, null);
        _writes.Clear();
    }
}
