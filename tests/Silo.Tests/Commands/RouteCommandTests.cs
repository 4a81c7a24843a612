using System.Text.Json.Nodes;
using PhaseMesh.Silo.Commands;

namespace PhaseMesh.Silo.Tests.Commands;

public sealed class RouteCommandTests : IDisposable
{
    private const string Digest = "sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a";

    private const string Route = $$"""
        {
          "digest": "{{Digest}}", "client_site": "fra1/r12", "directory_version": 7, "chosen_provider_id": "ed25519:0123456789abcdef0123456789abcdef",
          "candidates": [
            { "provider_id": "ed25519:0123456789abcdef0123456789abcdef", "base_url": "http://a:8080/", "site": "fra1", "rack": "r12",
              "distance": "SameRack", "weight": 2, "standing": "Ready", "in_flight": 3, "others_in_flight": 1.25, "sent_bytes": 39321600, "first_byte_milliseconds": 1.5,
              "rate_bytes_per_second": 104857600, "expected_milliseconds": 51.5, "cost": 25.75, "cools_for_milliseconds": 0,
              "reason": "Ready, in the client's rack." },
            { "provider_id": "http://b:8080/", "base_url": "http://b:8080/", "site": null, "rack": null, "distance": "Elsewhere", "weight": 1,
              "standing": "Cooling", "in_flight": 0, "others_in_flight": 0, "first_byte_milliseconds": null, "rate_bytes_per_second": null,
              "expected_milliseconds": "Infinity", "cost": null, "cools_for_milliseconds": 1200, "reason": "Cools down\u001b[31m." } ]
        }
        """;

    private readonly CommandScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Explain_ForPeople_HasARowPerReplica()
    {
        await using var gateway = StubProvider.Json(Route);

        Assert.Equal($"""
            {Digest} for a client at fra1/r12:
               PROVIDER                 URL             PLACE     WEIGHT  STATE    IN FLIGHT  SENT      FIRST BYTE  RATE         1 MIB IN  COST  WHY
            *  ed25519:0123456789ab...  http://a:8080/  fra1/r12  2       ready    3+1.3      37.5 MiB  1.5 ms      100.0 MiB/s  51.5 ms   25.8  Ready, in the client's rack.
               http://b:8080/           http://b:8080/  -         1       cooling  0+0        -         -           -            -         -     Cools down?[31m.

            """, (await _scene.OkAsync("route", "explain", Digest, "--gateway", gateway.Url, "--site", "fra1/r12")).Output);
    }

    [Fact]
    public async Task Explain_Json_IsTheGatewaysAnswer()
    {
        await using var gateway = StubProvider.Json(Route);

        JsonNode printed = JsonNode.Parse((await _scene.OkAsync("route", "explain", Digest, "--gateway", gateway.Url, "--json")).Output)!;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Route), printed));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("{}")]
    public async Task Explain_NoGatewayThere_IsSaid(string answer)
    {
        await using var other = StubProvider.Json(answer);

        Assert.Contains("is no gateway", await _scene.FailsAsync(ExitCode.NotReachable, "route", "explain", Digest, "-g", other.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_ArtifactOfNoForm_IsAUsageError() =>
        Assert.Contains("ARTIFACT is 'kernel'", await _scene.FailsAsync(ExitCode.Usage, "route", "explain", "kernel"), StringComparison.Ordinal);
}
