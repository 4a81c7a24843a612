using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

/// <summary>Models as the API would make them, at 2027-01-31 12:00 UTC.</summary>
internal static class TopScene
{
    public static readonly DateTimeOffset Now = new FixedClock().Now;

    /// <summary>Every state once.</summary>
    public static TopModel Small()
    {
        TopModel model = new(TimeProvider.System)
        {
            IsLive = true,
            Running = Json("""{"total":6,"by_phase":{"created":1,"discovered":0,"fetching":4,"kexec":1},"by_outcome":{"running":6}}"""),
            Recent = Json("""
                {"total":120,"by_phase":{},"by_outcome":{"running":6,"joined":111,"failed":2,"lost":1},"by_reason":{"fetch_failed":2,"silent":1}}
                """),
            Cluster = Json("""
                {"answered_by":"silo1","grains_in_memory":42,"silos":[
                  {"name":"silo1","status":"active","address":"10.0.0.1:8080","version":"0.1.0","started_at":"2027-01-31T09:00:00Z","last_seen_at":"2027-01-31T11:59:58Z"},
                  {"name":"silo2","status":"lost","address":"10.0.0.2:8080","version":"0.1.0","started_at":"2027-01-31T09:00:00Z","last_seen_at":"2027-01-31T11:50:00Z"}]}
                """),
            Providers =
            [
                Provider("web1", "serving", "fra1", 12, 400 << 20, 1000 << 20), Provider("web2", "quarantined", "fra1", 0, 0, 0, "sent a bad chunk"),
                Provider("web3", "serving", "ams2", 3, 10 << 20, 0),
            ],
            Channels =
            [
                Json("""
                    {"channel":"stable","arch":"x86_64","current":{"release":42,"version":"2027.01.30","published_at":"2027-01-31T11:00:00Z"},
                     "settled":{"release":41},"rollout":{"percent":25,"is_paused":false,"is_halted":false}}
                    """),
                Json("""
                    {"channel":"testing","arch":"x86_64","current":{"release":7,"version":"beta","published_at":"2027-01-30T12:00:00Z"},
                     "settled":null,"rollout":{"percent":50,"is_paused":false,"is_halted":true,"halt_reason":"3 of 10 boots failed"}}
                    """),
            ],
        };
        model.Apply(Boot(1, "created", seconds: 2));
        model.Apply(Boot(2, "fetching", seconds: 30) with { BytesFetched = 24 << 20, BytesTotal = 48 << 20, BytesPerSecond = 2 << 20 });
        model.Apply(Boot(3, "fetching", seconds: 45) with { BytesFetched = 12 << 20, BytesTotal = 48 << 20, BytesPerSecond = 1 << 20 });
        model.Apply(Boot(4, "fetching", seconds: 200) with { IsStuck = true, BytesFetched = 1 << 20, BytesTotal = 48 << 20 });
        model.Apply(Boot(5, "fetching", seconds: 10) with { Machine = "\u001b[31mevil\u4e2d\u6587" });
        model.Apply(Boot(6, "kexec", seconds: 20) with { BytesFetched = 48 << 20, BytesTotal = 48 << 20 });
        model.Apply(Boot(7, "failed", seconds: 100) with { Outcome = "failed", Reason = "fetch_failed" });
        model.Apply(Boot(8, "failed", seconds: 90) with { Outcome = "lost", Reason = "silent", UpdatedAt = Now });
        return model;
    }

    public static TopBoot Boot(int number, string phase, int seconds) => new(
        number.ToString("x8", CultureInfo.InvariantCulture).PadRight(32, '0'), phase, "running", false, "stable/x86_64", $"dmi-{number}", 0, 0, 0, null,
        Now.AddSeconds(-seconds), Now.AddSeconds(-1));

    public static string Text(TopModel model, TopView view, int columns, int rows) => string.Join('\n', Frame(model, view, columns, rows).Lines
        .Select(line => line.Text.TrimEnd()));

    public static TopFrame Frame(TopModel model, TopView view, int columns, int rows)
    {
        TopFrame frame = TopFrame.Render(model, view, new TerminalSize(columns, rows), Now);
        Assert.Equal(rows, frame.Lines.Count);
        Assert.All(frame.Lines, line => Assert.InRange(line.Length, 0, columns));
        return frame;
    }

    public static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static JsonElement Provider(string name, string state, string site, int inFlight, long rate, long capacity, string reason = "") =>
        JsonSerializer.SerializeToElement(new
        {
            key = $"ed25519:{name}",
            peer_id = $"12D3KooW{name}",
            name,
            state,
            reason,
            site,
            weight = 1,
            load = new { requests_in_flight = inFlight, bytes_per_second = rate, capacity_bytes_per_second = capacity },
            replicas = (string[])["a", "b"],
            last_seen_at = Now.AddSeconds(-3),
        });
}
