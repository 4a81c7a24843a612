namespace PhaseMesh.Console.Tests.Support;

/// <summary>Providers of three sites, as <c>/v1/providers</c> shows them.</summary>
internal static class ScriptedProvider
{
    private static readonly string[] Sites = ["berlin", "frankfurt", "munich"];

    public static object Of(int number, string[] replicas, string? name = null)
    {
        string state = number switch { 7 => "quarantined", 12 => "suspect", 19 => "draining", 23 => "gone", _ => "serving" };
        long capacity = number % 5 == 0 ? 1_250_000_000 : 125_000_000;
        return new
        {
            key = ScriptedFleet.Key(number),
            peer_id = "12D3KooW",
            name = name ?? (number % 6 == 0 ? null : $"{Sites[number % 3][..3]}-node{number:00}"),
            state,
            reason = state switch
            {
                "quarantined" => "chunk 12 of sha256:9f86d081 was not what it should be; a silo saw it.",
                "suspect" => "silent for 21 s",
                _ => "",
            },
            state_since = ScriptedFleet.Now.AddMinutes(-number * 7),
            awaits_approval = number == 30,
            arch = "x86_64",
            site = number > 31 ? null : Sites[number % 3],
            rack = number > 31 ? null : $"r{(number / 3 % 3) + 1}",
            weight = number == 5 ? 2.0 : number == 19 ? 0.0 : 1.0,
            health = number == 16 ? "degraded" : "ok",
            load = new
            {
                requests_in_flight = state == "serving" ? number * 7 % 23 : 0,
                bytes_per_second = state == "serving" ? capacity / 100 * (number * 13 % 97) : 0,
                capacity_bytes_per_second = capacity,
            },
            addresses = new[] { $"/ip4/10.20.0.{number}/tcp/4001" },
            urls = new[] { $"http://10.20.0.{number}:8080/" },
            capabilities = Array.Empty<string>(),
            replicas,
            last_seen_at = ScriptedFleet.Now.AddSeconds(-number % 9),
            enrolled_at = ScriptedFleet.Now.AddHours(-number),
            admission = number % 2 == 0 ? "ticket" : "token",
            admission_reference = number % 2 == 0 ? ScriptedFleet.BootId(number) : "t1",
            accusations = state == "quarantined" ? new object[] { new { } } : [],
        };
    }
}
