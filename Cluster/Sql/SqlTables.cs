using System.Data.Common;
using PhaseMesh.Cluster.Feeds;
using PhaseMesh.Cluster.Membership;
using PhaseMesh.Cluster.Queries;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Sql;

/// <summary>The low-rate tables in the SQL that PostgreSQL and SQLite share. All values go as parameters.</summary>
internal sealed class SqlTables(SqlDialect sql, Func<CancellationToken, ValueTask<DbConnection>> open) : IStoreTables
{
    public async Task<long> JoinAsync(string name, string address, string version, TimeSpan lease, CancellationToken cancellationToken)
    {
        // Two silos that join under one name at once meet on the primary key: one of them tries again.
        while (true)
        {
            IReadOnlyList<long> generation = await QueryAsync(
                $"""
                INSERT INTO {sql.Prefix}silo (name, generation, address, version, started_at, seen_at, lease_end, has_left)
                SELECT @name, 1 + COALESCE(MAX(generation), 0), @address, @version, {sql.Now}, {sql.Now}, {sql.Now} + @lease, 0
                FROM {sql.Prefix}silo WHERE name = @name
                ON CONFLICT (name, generation) DO NOTHING RETURNING generation
                """,
                row => row.GetInt64(0),
                cancellationToken,
                ("name", name), ("address", address), ("version", version), ("lease", Micros(lease)));
            if (generation.Count == 1)
            {
                return generation[0];
            }
        }
    }

    public async Task<bool> RenewAsync(SiloIdentity silo, TimeSpan lease, CancellationToken cancellationToken) => await ExecuteAsync(
        $"UPDATE {sql.Prefix}silo SET seen_at = {sql.Now}, lease_end = {sql.Now} + @lease WHERE name = @name AND generation = "
            + $"@generation AND has_left = 0",
        cancellationToken,
        ("lease", Micros(lease)), ("name", silo.Name), ("generation", silo.Generation)) == 1;

    public Task LeaveAsync(SiloIdentity silo, CancellationToken cancellationToken) => ExecuteAsync(
        $"UPDATE {sql.Prefix}silo SET has_left = 1, seen_at = {sql.Now}, lease_end = {sql.Now} WHERE name = @name AND generation = "
            + $"@generation",
        cancellationToken,
        ("name", silo.Name), ("generation", silo.Generation));

    public Task ForgetSilosAsync(TimeSpan age, CancellationToken cancellationToken) =>
        ExecuteAsync($"DELETE FROM {sql.Prefix}silo WHERE lease_end < {sql.Now} - @age", cancellationToken, ("age", Micros(age)));

    public Task<IReadOnlyList<SiloEntry>> ListSilosAsync(CancellationToken cancellationToken) => QueryAsync(
        $"SELECT name, generation, address, version, started_at, seen_at, lease_end - {sql.Now}, has_left FROM {sql.Prefix}silo",
        row =>
        {
            TimeSpan rest = TimeSpan.FromMicroseconds(row.GetInt64(6));
            SiloStatus status = row.GetInt64(7) != 0 ? SiloStatus.Left : rest < TimeSpan.Zero ? SiloStatus.Lost : SiloStatus.Active;
            return new SiloEntry(
                new SiloIdentity(row.GetString(0), row.GetInt64(1)),
                status,
                row.GetString(2),
                row.GetString(3),
                Time(row.GetInt64(4)),
                Time(row.GetInt64(5)),
                rest);
        },
        cancellationToken);

    public Task SetReminderAsync(ReminderId id, TimeSpan dueTime, TimeSpan period, CancellationToken cancellationToken) => ExecuteAsync(
        $"""
        INSERT INTO {sql.Prefix}reminder (grain, key, name, first_due, period, due, held_until, claim, attempts)
        VALUES (@grain, @key, @name, {sql.Now} + @due, @period, {sql.Now} + @due, 0, 0, 0)
        ON CONFLICT (grain, key, name) DO UPDATE SET first_due = excluded.first_due, period = excluded.period, due = excluded.due,
            held_until = 0, claim = 0, attempts = 0
        """,
        cancellationToken,
        [.. Of(id), ("due", Micros(dueTime)), ("period", Micros(period))]);

    public Task RemoveReminderAsync(ReminderId id, CancellationToken cancellationToken) =>
        ExecuteAsync($"DELETE FROM {sql.Prefix}reminder WHERE grain = @grain AND key = @key AND name = @name", cancellationToken, Of(id));

    public Task<IReadOnlyList<string>> ListRemindersAsync(string grain, string key, CancellationToken cancellationToken) => QueryAsync(
        $"SELECT name FROM {sql.Prefix}reminder WHERE grain = @grain AND key = @key ORDER BY name",
        row => row.GetString(0),
        cancellationToken,
        ("grain", grain), ("key", key));

    public Task<IReadOnlyList<DueReminder>> ClaimRemindersAsync(
        IReadOnlyList<string> grains, TimeSpan lease, int limit, CancellationToken cancellationToken)
    {
        string names = string.Join(", ", grains.Select((_, i) => $"@grain{i}"));
        (string, object)[] parameters =
        [
            .. grains.Select((grain, i) => ($"grain{i}", (object)grain)),
            ("lease", Micros(lease)), ("limit", limit), ("claim", Random.Shared.NextInt64(1, long.MaxValue)),
        ];
        return QueryAsync(
            $"""
            UPDATE {sql.Prefix}reminder SET held_until = {sql.Now} + @lease, claim = @claim, attempts = attempts + 1
            WHERE (grain, key, name) IN (SELECT grain, key, name FROM {sql.Prefix}reminder
                WHERE due <= {sql.Now} AND held_until <= {sql.Now} AND grain IN ({names}) ORDER BY due LIMIT @limit {sql.SkipLocked})
            RETURNING grain, key, name, first_due, period, {sql.Now}, claim, attempts
            """,
            row => new DueReminder(
                new ReminderId(row.GetString(0), row.GetString(1), row.GetString(2)),
                Time(row.GetInt64(3)),
                TimeSpan.FromMicroseconds(row.GetInt64(4)),
                Time(row.GetInt64(5)),
                row.GetInt64(6),
                (int)row.GetInt64(7)),
            cancellationToken,
            parameters);
    }

    public Task CompleteReminderAsync(DueReminder reminder, CancellationToken cancellationToken) => ExecuteAsync(
        $"""
        UPDATE {sql.Prefix}reminder SET due = due + period * (({sql.Now} - due) / period + 1), held_until = 0, claim = 0, attempts = 0
        WHERE grain = @grain AND key = @key AND name = @name AND claim = @claim
        """,
        cancellationToken,
        [.. Of(reminder.Id), ("claim", reminder.Claim)]);

    public Task DelayReminderAsync(DueReminder reminder, TimeSpan delay, CancellationToken cancellationToken) => ExecuteAsync(
        $"UPDATE {sql.Prefix}reminder SET held_until = {sql.Now} + @delay WHERE grain = @grain AND key = @key AND name = @name AND "
            + $"claim = @claim",
        cancellationToken,
        [.. Of(reminder.Id), ("claim", reminder.Claim), ("delay", Micros(delay))]);

    public Task<IReadOnlyList<FeedEvent>> ReadEventsAsync(string? feed, long after, int limit, CancellationToken cancellationToken)
    {
        List<(string, object)> parameters = [("after", after), ("limit", limit)];
        if (feed is not null)
        {
            parameters.Add(("feed", feed));
        }

        return QueryAsync(
            $"""
            SELECT sequence, feed, key, version, at, payload FROM {sql.Prefix}event
            WHERE {(feed is null ? "" : "feed = @feed AND ")}sequence > @after ORDER BY sequence LIMIT @limit
            """,
            row => new FeedEvent(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), Time(row.GetInt64(4)), row.GetString(5)),
            cancellationToken,
            [.. parameters]);
    }

    public async Task<long> LastEventAsync(CancellationToken cancellationToken) =>
        (await QueryAsync($"SELECT COALESCE(MAX(sequence), 0) FROM {sql.Prefix}event", row => row.GetInt64(0), cancellationToken))[0];

    public async Task TrimAsync(TimeSpan eventAge, int maxEvents, TimeSpan clearedAge, CancellationToken cancellationToken)
    {
        // The newest event always stays: it is what the sequence is known by.
        await ExecuteAsync(
            $"""
            DELETE FROM {sql.Prefix}event WHERE sequence < (SELECT MAX(sequence) FROM {sql.Prefix}event)
            AND (at < {sql.Now} - @age OR sequence <= (SELECT MAX(sequence) FROM {sql.Prefix}event) - @most)
            """,
            cancellationToken,
            ("age", Micros(eventAge)), ("most", (long)maxEvents));
        await ExecuteAsync(
            $"DELETE FROM {sql.Prefix}state WHERE json IS NULL AND changed_at < {sql.Now} - @age",
            cancellationToken,
            ("age", Micros(clearedAge)));
    }

    public Task<IReadOnlyList<QueryRow>> ListAsync(StateQuery query, CancellationToken cancellationToken)
    {
        (string where, List<(string, object)> parameters) = Where(query);
        string? order = query.Order is { } field ? Value(field) : null;
        string direction = query.IsDescending ? " DESC" : "";
        string than = query.IsDescending ? "<" : ">";
        if (order is not null)
        {
            where += $" AND {order} IS NOT NULL";
        }

        if (query.After is { } after)
        {
            where += order is null ? $" AND key {than} @after" : $" AND ({order}, key) {than} (@value, @after)";
            parameters.Add(("after", after.Key));
            if (after.Value is { } value)
            {
                parameters.Add(("value", value));
            }
        }

        parameters.Add(("limit", query.Limit));
        return QueryAsync(
            $"""
            SELECT key, version, schema, json{(order is null ? "" : ", " + order)} FROM {sql.Prefix}state
            WHERE {where} ORDER BY {(order is null ? "" : order + direction + ", ")}key{direction} LIMIT @limit
            """,
            row => new QueryRow(
                row.GetString(0), row.GetInt64(1), row.GetInt32(2), System.Text.Encoding.UTF8.GetBytes(row.GetString(3)),
                query.Order is null ? null : query.Order.IsText ? row.GetString(4) : row.GetInt64(4)),
            cancellationToken,
            [.. parameters]);
    }

    public async Task<long> CountAsync(StateQuery query, CancellationToken cancellationToken)
    {
        (string where, List<(string, object)> parameters) = Where(query);
        return (await QueryAsync(
            $"SELECT COUNT(*) FROM {sql.Prefix}state WHERE {where}", row => row.GetInt64(0), cancellationToken, [.. parameters]))[0];
    }

    public async Task<IReadOnlyDictionary<string, long>> CountByAsync(
        StateQuery query, StateField field, CancellationToken cancellationToken)
    {
        (string where, List<(string, object)> parameters) = Where(query);
        string value = field.IsText ? Value(field) : string.Format(sql.ToText, Value(field));
        return (await QueryAsync(
            $"SELECT COALESCE({value}, ''), COUNT(*) FROM {sql.Prefix}state WHERE {where} GROUP BY 1",
            row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
            cancellationToken,
            [.. parameters])).ToDictionary();
    }

    private static DateTimeOffset Time(long micros) => DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(micros);

    private static long Micros(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    private static (string, object)[] Of(ReminderId id) => [("grain", id.Grain), ("key", id.Key), ("name", id.Name)];

    private string Value(StateField field) => string.Format(field.IsText ? sql.TextField : sql.NumberField, field.Name);

    /// <summary>
    /// The kind goes in as text, as a partial index needs it; it is a class's name and a state's, checked when the schema was made.
    /// </summary>
    private (string Where, List<(string, object)> Parameters) Where(StateQuery query)
    {
        List<(string, object)> parameters = [];
        List<string> terms = [$"grain = '{KindNames.Checked(query.Kind)}'", "json IS NOT NULL"];
        foreach (FieldCondition condition in query.Conditions)
        {
            string[] names = [.. condition.Values.Select((_, i) => $"@p{parameters.Count + i}")];
            parameters.AddRange(condition.Values.Select((value, i) => ($"p{parameters.Count + i}", value)).ToArray());
            string field = Value(condition.Field);
            terms.Add(condition.Comparison switch
            {
                FieldComparison.Equal => $"{field} = {names[0]}",
                FieldComparison.NotEqual => $"{field} <> {names[0]}",
                FieldComparison.In => names.Length == 0 ? "1 = 0" : $"{field} IN ({string.Join(", ", names)})",
                FieldComparison.AtLeast => $"{field} >= {names[0]}",
                FieldComparison.Below => $"{field} < {names[0]}",
                _ => $"{field} IS NULL",
            });
        }

        if (query.KeyPrefix is { Length: > 0 } prefix)
        {
            // A range, not LIKE: it needs no escaping and uses the primary key. U+10FFFF sorts above whatever a key may hold.
            terms.Add("key >= @prefix AND key < @prefixEnd");
            parameters.Add(("prefix", prefix));
            parameters.Add(("prefixEnd", prefix + "\U0010FFFF"));
        }

        return (string.Join(" AND ", terms), parameters);
    }

    private async Task<int> ExecuteAsync(string text, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await open(cancellationToken);
        await using DbCommand command = Command(connection, text, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<T>> QueryAsync<T>(
        string text, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await open(cancellationToken);
        await using DbCommand command = Command(connection, text, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static DbCommand Command(DbConnection connection, string text, (string Name, object Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is made of constants, checked kinds and C# identifiers.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
