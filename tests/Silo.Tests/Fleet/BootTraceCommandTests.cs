using System.Net;
using System.Text.Json;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Commands;
using PhaseMesh.Silo.Tests.Commands;
using PhaseMesh.Silo.Tests.Fleet.Support;

namespace PhaseMesh.Silo.Tests.Fleet;

/// <summary><c>plasmd boot trace</c> against a real silo.</summary>
[Collection("Fleet")]
public sealed class BootTraceCommandTests(FleetStorages storages)
{
    private const string Spans = """
        {"traceId":"ID","spanId":"00000000000000a1","name":"boot","startTimeUnixNano":"1000000000","endTimeUnixNano":"21000000000"},
        {"traceId":"ID","spanId":"00000000000000b1","parentSpanId":"00000000000000a1","name":"fetch","startTimeUnixNano":"6000000000","endTimeUnixNano":"16000000000"},
        {"traceId":"ID","spanId":"00000000000000c1","parentSpanId":"00000000000000b1","name":"fetch\u001b[31m kernel","startTimeUnixNano":"6000000000","endTimeUnixNano":"11500000000",
         "status":{"code":2,"message":"no provider\nleft"}},
        {"traceId":"ID","spanId":"00000000000000d1","parentSpanId":"00000000000000a1","name":"network","startTimeUnixNano":"1000000000","endTimeUnixNano":"1000000001"},
        {"traceId":"ID","spanId":"00000000000000e1","parentSpanId":"00000000000000ff","name":"of nobody","startTimeUnixNano":"21000000000","endTimeUnixNano":"20000000000"},
        {"traceId":"ID","spanId":"00000000000000f1","parentSpanId":"00000000000000f2","name":"egg","startTimeUnixNano":"3000000000","endTimeUnixNano":"3000000000"},
        {"traceId":"ID","spanId":"00000000000000f2","parentSpanId":"00000000000000f1","name":"hen","startTimeUnixNano":"3000000000","endTimeUnixNano":"3000000000"}
        """;

    [Fact]
    public async Task Trace_IsAWaterfall_AndItsJsonIsOtlp()
    {
        await using FleetScene fleet = await FleetScene.StartAsync(storages, "sqlite");
        using CommandScene scene = new() { Time = TimeProvider.System };
        scene.Variables["PLASM_FLEET"] = fleet.Url().ToString().TrimEnd('/');
        using var agent = Ed25519PrivateKey.Generate();
        string id = BootApiTests.NewBootId();
        (await fleet.As(agent).PostAsync("/v1/boots", BootApiTests.Boot(id))).Expect(HttpStatusCode.Created);
        Assert.Equal("The fleet has no spans of this boot.\n", (await scene.OkAsync("boot", "trace", id)).Output);
        (await fleet.As(agent).PostAsync($"/v1/boots/{id}/spans", BootTraceApiTests.Document(id, Spans))).Expect(HttpStatusCode.NoContent);

        Assert.Equal(
            """
            SPAN                   SERVICE      AT       TOOK     0.................................20.0 s
            boot                   phase-agent  0.000 s  20.0 s   ########################################
              network              phase-agent  0.000 s  0.000 s  #.......................................
              fetch                phase-agent  5.000 s  10.0 s   ..........####################..........
                fetch?[31m kernel  phase-agent  5.000 s  5.500 s  ..........!!!!!!!!!!!...................  failed: no provider left
            of nobody              phase-agent  20.0 s   0.000 s  .......................................#
            egg                    phase-agent  2.000 s  0.000 s  ....#...................................
              hen                  phase-agent  2.000 s  0.000 s  ....#...................................

            """.ReplaceLineEndings("\n"),
            (await scene.OkAsync("boot", "trace", id)).Output.ReplaceLineEndings("\n"));

        using JsonDocument json = JsonDocument.Parse((await scene.OkAsync("boot", "trace", id, "--json")).Output);
        Assert.Equal(7, json.RootElement.GetProperty("resourceSpans")[0].GetProperty("scopeSpans")[0].GetProperty("spans").GetArrayLength());
        Assert.Contains("(not-found)", await scene.FailsAsync(ExitCode.FleetRefused, "boot", "trace", BootApiTests.NewBootId()),
            StringComparison.Ordinal);
    }
}
