using System.Text.Json;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>What happened to this boot, as the fleet is told.</summary>
/// <param name="Phase"><c>discovered</c>, <c>manifest</c>, <c>fetching</c>, <c>verified</c>, <c>kexec</c> or <c>failed</c>.</param>
/// <param name="Timestamp">When, of the agent's time provider: what the clock said may have to be corrected.</param>
internal sealed record BootEvent(string Phase, long Timestamp)
{
    public const string Discovered = "discovered";
    public const string Manifested = "manifest";
    public const string Fetching = "fetching";
    public const string Verified = "verified";
    public const string Kexec = "kexec";
    public const string Failed = "failed";

    /// <summary>Providers named in one event, each with at most <see cref="MaxSourceLength"/> characters.</summary>
    public const int MaxSources = 8;
    public const int MaxSourceLength = 256;
    public const int MaxDetailLength = 1024;

    public string? Manifest { get; init; }

    public long? Release { get; init; }

    public string? Version { get; init; }

    public long? BytesFetched { get; init; }

    public long? BytesTotal { get; init; }

    public long? BytesPerSecond { get; init; }

    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>Of a failure: what kind, such as <c>no_provider</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a failure: the line the operator reads.</summary>
    public string? Detail { get; init; }

    /// <param name="at">When it happened, by the best clock known.</param>
    public void Write(Utf8JsonWriter json, DateTimeOffset at)
    {
        json.WriteStartObject();
        json.WriteString("phase", Phase);
        json.WriteString("at", at.UtcDateTime);
        WriteText("manifest", Manifest);
        WriteNumber("release", Release);
        WriteText("version", Version);
        WriteNumber("bytes_fetched", BytesFetched);
        WriteNumber("bytes_total", BytesTotal);
        WriteNumber("bytes_per_second", BytesPerSecond);
        if (From.Count > 0)
        {
            json.WriteStartArray("from");
            foreach (string source in From.Take(MaxSources))
            {
                json.WriteStringValue(source.AsSpan(0, Math.Min(source.Length, MaxSourceLength)));
            }

            json.WriteEndArray();
        }

        WriteText("reason", Reason);
        WriteText("detail", Detail?.Length > MaxDetailLength ? Detail[..MaxDetailLength] : Detail);
        json.WriteEndObject();

        void WriteText(string name, string? value)
        {
            if (value is not null)
            {
                json.WriteString(name, value);
            }
        }

        void WriteNumber(string name, long? value)
        {
            if (value is { } number)
            {
                json.WriteNumber(name, number);
            }
        }
    }
}
