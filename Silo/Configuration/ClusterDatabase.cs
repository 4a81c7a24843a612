using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Silo.Configuration;

/// <summary>
/// Where a cluster keeps its state: <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?key=value</c>, a connection string with <c>Host=</c> as
/// Npgsql takes it, or <c>sqlite:PATH</c>.
/// </summary>
/// <param name="IsSqlite">One file for one machine.</param>
/// <param name="Value">The file's path, or Npgsql's connection string.</param>
internal sealed record ClusterDatabase(bool IsSqlite, string Value)
{
    public const string Rule = "postgres://USER@HOST/DATABASE, a connection string with Host=, or sqlite:PATH";

    public const string SqlitePrefix = "sqlite:";
    private const int MaxLength = 4096;

    public static bool TryParse(string? text, [NotNullWhen(true)] out ClusterDatabase? database)
    {
        database = text is not { Length: > 0 and <= MaxLength } || text.Any(char.IsControl) ? null
            : text.StartsWith(SqlitePrefix, StringComparison.Ordinal) ? OfFile(text[SqlitePrefix.Length..])
            : text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal)
                ? OfUrl(text)
            : OfConnectionString(text);
        return database is not null;
    }

    private static ClusterDatabase? OfFile(string path) => path.Length > 0 ? new ClusterDatabase(true, path) : null;

    private static ClusterDatabase? OfConnectionString(string text)
    {
        try
        {
            DbConnectionStringBuilder parsed = new() { ConnectionString = text };
            return parsed.ContainsKey("Host") || parsed.ContainsKey("Server") ? new ClusterDatabase(false, text) : null;
        }
        catch (ArgumentException)
        {
            return null; // Not of the form key=value;...
        }
    }

    private static ClusterDatabase? OfUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Fragment.Length > 0)
        {
            return null;
        }

        DbConnectionStringBuilder built = [];
        string[] user = url.UserInfo.Split(':', 2);
        Add("Host", url.Host);
        Add("Port", url.Port > 0 ? $"{url.Port}" : "");
        Add("Username", Uri.UnescapeDataString(user[0]));
        Add("Password", user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "");
        Add("Database", Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')));
        foreach (string[] pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)))
        {
            Add(Uri.UnescapeDataString(pair[0]), pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "");
        }

        return built.ContainsKey("Host") && built.ContainsKey("Database") ? new ClusterDatabase(false, built.ConnectionString) : null;

        void Add(string key, string value)
        {
            if (key.Length > 0 && value.Length > 0)
            {
                built[key] = value;
            }
        }
    }
}
