using System.Text;
using Newtonsoft.Json;
using Npgsql;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary>
/// Reads all states of one kind from the table of Orleans' grain storage (PostgreSQL, its JSON serializer), as Orleans has no queries.
/// Every call reads every row of the kind: right, and slow with many.
/// </summary>
public sealed class AdoNetStates(NpgsqlDataSource database, string serviceId)
{
    private const string Sql = """
        SELECT grainidextensionstring, payloadbinary FROM orleansstorage
        WHERE graintypestring = $1 AND serviceid = $2 AND payloadbinary IS NOT NULL ORDER BY grainidextensionstring COLLATE "C"
        """;

    /// <param name="stateName">As in <c>[PersistentState]</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<IReadOnlyList<(string Key, TState State)>> ReadAllAsync<TState>(
        string stateName, CancellationToken cancellationToken)
        where TState : class
    {
        List<(string, TState)> found = [];
        await using NpgsqlCommand command = database.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter { Value = stateName });
        command.Parameters.Add(new NpgsqlParameter { Value = serviceId });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (JsonConvert.DeserializeObject<TState>(Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(1))) is { } state)
            {
                found.Add((reader.GetString(0), state));
            }
        }

        return found;
    }
}
