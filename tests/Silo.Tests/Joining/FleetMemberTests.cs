using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Traces;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Joining;
using PhaseMesh.Silo.Tests.Serving;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>Providers that enrol, with a fleet that does as it likes.</summary>
public sealed class FleetMemberTests : IDisposable
{
    private const string Ticket = "pt1-00112233445566778899aabbccddeeff-0f0e0d0c0b0a0908";
    private const string Token = "pj1-0011223344556677-0f0e0d0c0b0a0908";
    private const string BootId = "00112233445566778899aabbccddeeff";

    /// <summary>Pauses as short as they can be; nothing here depends on how long they are.</summary>
    private static readonly JoiningLimits Quick = new()
    {
        Request = ServingScene.Limit,
        FirstPause = TimeSpan.FromMilliseconds(5),
        LongestPause = TimeSpan.FromMilliseconds(20),
        FirstRefusalPause = TimeSpan.FromMilliseconds(5),
        LongestRefusalPause = TimeSpan.FromMilliseconds(20),
        LongestRetryAfter = TimeSpan.FromMilliseconds(20),
        ShortestBeat = TimeSpan.FromMilliseconds(10),
        LongestBeat = TimeSpan.FromMilliseconds(40),
        Drain = ServingScene.Limit,
    };

    private readonly FakeFleet _fleet = new();

    private static FleetMembershipOptions OfBoot => new()
    {
        Urls = [new Uri("http://silo1.test")],
        BootId = BootId,
        BootTicket = Ticket,
        JoinToken = Token,
    };

    public void Dispose() => _fleet.Dispose();

    [Fact]
    public async Task Start_OnceItServes_EnrolsAndSaysWhatItIs()
    {
        await using ServingScene scene = await Scene(new FleetMembershipOptions
        {
            Urls = [new Uri("http://silo1.test:8080")],
            Site = "fra1",
            Rack = "r12",
            Capabilities = ["ssd"],
            JoinToken = Token,
        }).ServeAsync();

        FleetCall enrolment = (await _fleet.WaitForAsync(call => call.What == "enrol"))[0];
        FleetCall beat = (await _fleet.WaitForAsync(call => call.What == "heartbeat", 3))[^1];

        Assert.Equal("http://silo1.test:8080/v1/providers", enrolment.Url.ToString());
        Assert.Equal((scene.Host.NodeKey.KeyId, scene.Host.NodeKey.KeyId), (enrolment.Signer, enrolment["key"]));
        Assert.Equal(ReplicasOf(scene.Serving), enrolment.Replicas); // So it did not enrol before it served.
        Assert.Equal(["site.fra1", "rack.r12", "ssd"], TextsOf(enrolment, "capabilities"));
        Assert.Equal([$"http://127.0.0.1:{scene.Host.BoundPort}/"], TextsOf(enrolment, "urls"));
        Assert.Equal((Token, null), (enrolment["token"], enrolment["ticket"]));
        Assert.Equal($"/v1/providers/{scene.Host.NodeKey.KeyId}/heartbeat", beat.Url.AbsolutePath);
        Assert.Equal((HttpMethod.Put, "ok", null), (beat.Method, beat["health"], beat["replicas"]));
        Assert.Equal(JsonValueKind.Number, beat.Body.GetProperty("load").GetProperty("requests_in_flight").ValueKind);
        Assert.Single(_fleet.Of("enrol"));
        Assert.Empty(_fleet.Of("events"));
    }

    [Fact]
    public async Task Boot_WithTicket_IsReportedAsJoinedOnceAndTheTicketIsNowhere()
    {
        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "events");
        int before = _fleet.Of("heartbeat").Count();
        await _fleet.WaitForAsync(call => call.What == "heartbeat", before + 2);

        FleetCall joined = Assert.Single(_fleet.Of("events"));
        Assert.Equal($"/v1/boots/{BootId}/events", joined.Url.AbsolutePath);
        Assert.Equal("joined", Assert.Single(joined.Body.EnumerateArray()).GetProperty("phase").GetString());
        Assert.Equal(Ticket, _fleet.Of("enrol").First()["ticket"]);
        AssertLogged(scene, $"Boot {BootId} was reported to the fleet as joined");
        await scene.Host.StopAsync();
        Assert.DoesNotContain(scene.Log.Lines, line => line.Text.Contains("pt1-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Boot_CarriedATrace_IsToldToItsEndOnceAndTheFileIsGone()
    {
        using TemporaryFile carried = new(CarriedTraces.Write(BootId, TimeProvider.System.GetUtcNow()));
        await using ServingScene scene = await Scene(Carrying(carried)).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "spans" && Spans(call).Any(span => span.Name == "boot"));
        await _fleet.WaitForAsync(call => call.What == "heartbeat", 3);

        Assert.All(_fleet.Of("spans"), call => Assert.Equal($"/v1/boots/{BootId}/spans", call.Url.AbsolutePath));
        Assert.Equal(
            ["boot", "enrol", "fetch", "kernel start", "kexec load", "plasmd start"],
            _fleet.Of("spans").SelectMany(Spans).Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.All(_fleet.Of("spans").SelectMany(Spans), span => Assert.NotNull(span.End));
        int enrolled = _fleet.Calls.ToList().FindIndex(call => call.What == "enrol");
        Assert.True(_fleet.Calls.ToList().FindIndex(call => call.What == "spans") > enrolled);
        AssertLogged(scene, $"The trace of boot {BootId} is complete at the fleet");
        Assert.False(File.Exists(carried.Path));
    }

    [Fact]
    public async Task Boot_FleetDoesNotTakeTheTraceAtFirst_IsToldWithALaterHeartbeat()
    {
        using TemporaryFile carried = new(CarriedTraces.Write(BootId, TimeProvider.System.GetUtcNow()));
        int calls = 0;
        _fleet.Instead = call => call.What == "spans" && Interlocked.Increment(ref calls) < JoiningLimits.TraceAttempts
            ? FakeFleet.Answer(HttpStatusCode.ServiceUnavailable, "")
            : null;
        await using ServingScene scene = await Scene(Carrying(carried)).ServeAsync();

        await _fleet.WaitForAsync(call => call.What == "spans", JoiningLimits.TraceAttempts);
        await Eventually.IsAsync(() => !File.Exists(carried.Path));

        Assert.Equal(6, Spans(_fleet.Of("spans").Last()).Count);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, 1)]
    [InlineData(HttpStatusCode.InternalServerError, JoiningLimits.TraceAttempts)]
    public async Task Boot_FleetNeverTakesTheTrace_BelongsToItAllTheSame(HttpStatusCode status, int expected)
    {
        using TemporaryFile carried = new(CarriedTraces.Write(BootId, TimeProvider.System.GetUtcNow()));
        _fleet.Instead = call => call.What == "spans" ? FakeFleet.Refusal(status, "not-allowed") : null;
        await using ServingScene scene = await Scene(Carrying(carried)).ServeAsync();

        await _fleet.WaitForAsync(call => call.What == "heartbeat", expected + 3);

        Assert.Equal(expected, _fleet.Of("spans").Count());
        AssertLogged(scene, $"The end of the trace of boot {BootId} was not told to the fleet: for a reason");
        Assert.Single(_fleet.Of("events"));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("""{"resourceSpans":[]}""")]
    public async Task Boot_CarriedTraceIsOfNoUse_SaysSoOnceAndJoins(string text)
    {
        using TemporaryFile carried = new(Encoding.UTF8.GetBytes(text));
        await using ServingScene scene = await Scene(Carrying(carried)).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "events");
        await _fleet.WaitForAsync(call => call.What == "heartbeat", 3);

        AssertLogged(scene, $"The trace of the boot in {carried.Path} is of no use: ");
        Assert.Empty(_fleet.Of("spans"));
    }

    [Fact]
    public async Task Heartbeat_ReleaseChanges_TellsTheNewReplicas()
    {
        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "heartbeat");
        Release old = scene.Serving;

        scene.Replace("kernel", ServingScene.Content("kernel", 200_000));
        Release next = await scene.WaitForReleaseAfterAsync(old);

        await _fleet.WaitForAsync(
            call => call.What == "heartbeat" && call["replicas"] is not null && call.Replicas.Contains(KernelOf(next)));
        Assert.Single(_fleet.Of("enrol"));
    }

    [Theory]
    [InlineData(HttpStatusCode.Conflict, "enrol-again")]
    [InlineData(HttpStatusCode.NotFound, "not-found")]
    public async Task Heartbeat_FleetForgotTheNode_EnrolsAgain(HttpStatusCode status, string slug)
    {
        int beats = 0;
        _fleet.Instead = call => call.What == "heartbeat" && Interlocked.Increment(ref beats) == 2 ? FakeFleet.Refusal(status, slug) : null;

        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "enrol", 2);
        await _fleet.WaitForAsync(call => call.What == "heartbeat", 4);

        Assert.Equal(2, _fleet.Of("enrol").Count());
        Assert.Single(_fleet.Of("events"));
    }

    [Fact]
    public async Task Enrol_TicketWasUsedUp_TriesTheTokenThenNeither()
    {
        _fleet.Instead = call => call.What == "enrol" && (call["ticket"] ?? call["token"]) is not null
            ? FakeFleet.Refusal(HttpStatusCode.Forbidden, "not-admitted")
            : null;

        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "heartbeat");

        Assert.Equal([(Ticket, Token), (null, Token), (null, null)], _fleet.Of("enrol").Select(call => (call["ticket"], call["token"])));
    }

    [Fact]
    public async Task Enrol_Quarantined_SaysWhyOnceAndServesOn()
    {
        _fleet.Instead = _ => FakeFleet.Refusal(HttpStatusCode.Forbidden, "quarantined", "It lied.\\nTwice.");

        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "enrol", 5);

        AssertLogged(scene, "The fleet refuses this node: It lied.?Twice. (http://silo1.test/)");
        await scene.GetJsonAsync("/readyz");
    }

    [Theory]
    [InlineData("error")]
    [InlineData("busy")]
    [InlineData("dead")]
    [InlineData("moved")]
    [InlineData("oversize")]
    public async Task Enrol_FirstSiloIsOfNoUse_GoesToTheNext(string kind)
    {
        _fleet.Instead = call => call.Url.Host != "silo1.test" ? null : kind switch
        {
            "error" => FakeFleet.Answer(HttpStatusCode.InternalServerError, "<html>"),
            "busy" => FakeFleet.Answer(HttpStatusCode.ServiceUnavailable, "[", "1"),
            "moved" => FakeFleet.Answer(HttpStatusCode.PermanentRedirect, ""),
            "oversize" => FakeFleet.Answer(HttpStatusCode.OK, new string(' ', JoiningLimits.MaxAnswerBytes + 1)),
            _ => throw new HttpRequestException("Nobody there."),
        };
        await using ServingScene scene = await Scene(new FleetMembershipOptions
        {
            Urls = [new Uri("http://silo1.test"), new Uri("http://silo2.test")],
        }).ServeAsync();

        await _fleet.WaitForAsync(call => call.What == "heartbeat");

        Assert.All(_fleet.Of("heartbeat"), call => Assert.Equal("silo2.test", call.Url.Host));
        Assert.DoesNotContain(scene.Log.Lines, line => line.Text.Contains("No silo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Enrol_NodeChangesWhileTheFleetIsAway_SaysWhatItIsThen()
    {
        bool isAway = true;
        _fleet.Instead = _ => Volatile.Read(ref isAway) ? FakeFleet.Answer(HttpStatusCode.ServiceUnavailable, "") : null;
        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "enrol", 2);

        Release old = scene.Serving;
        scene.Replace("kernel", ServingScene.Content("kernel", 200_000));
        Release next = await scene.WaitForReleaseAfterAsync(old);
        Volatile.Write(ref isAway, false);
        await _fleet.WaitForAsync(call => call.What == "heartbeat");

        Assert.DoesNotContain(KernelOf(next), _fleet.Of("enrol").First().Replicas);
        Assert.Contains(KernelOf(next), _fleet.Of("enrol").Last().Replicas);
    }

    [Fact]
    public async Task Enrol_FleetIsAwayForAWhile_SaysSoOnceAndGetsIn()
    {
        int calls = 0;
        _fleet.Instead = _ => Interlocked.Increment(ref calls) < 9 ? FakeFleet.Answer(HttpStatusCode.ServiceUnavailable, "", "3600") : null;

        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "heartbeat");

        AssertLogged(scene, "No silo of the fleet answers (http://silo1.test/: ");
        AssertLogged(scene, "The fleet answers again");
    }

    [Fact]
    public async Task Stop_Enrolled_DrainsAtTheFleetAndSaysNothingAfter()
    {
        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "heartbeat");

        await scene.Host.StopAsync();

        FleetCall drain = _fleet.Calls[^1];
        Assert.Equal((HttpMethod.Post, $"/v1/providers/{scene.Host.NodeKey.KeyId}/drain"), (drain.Method, drain.Url.AbsolutePath));
        Assert.Single(_fleet.Of("drain"));
    }

    [Fact]
    public async Task Stop_FleetIsDead_StopsAllTheSame()
    {
        await using ServingScene scene = await Scene(OfBoot).ServeAsync();
        await _fleet.WaitForAsync(call => call.What == "heartbeat");
        _fleet.Instead = _ => throw new HttpRequestException("Nobody there.");

        await scene.Host.StopAsync();

        AssertLogged(scene, "The fleet could not be told that this node stops");
    }

    [Fact]
    public async Task Private_HasAFleet_DoesNotEnrol()
    {
        await using ServingScene scene = new()
        {
            Bind = "127.0.0.1",
            Mode = ProviderMode.Private,
            Fleet = OfBoot,
            FleetHandler = _fleet,
            Joining = Quick,
        };
        await scene.ServeAsync();
        await scene.Host.StopAsync();

        Assert.Empty(_fleet.Calls);
        AssertLogged(scene, "A fleet is configured, but mode private announces nothing");
    }

    private static FleetMembershipOptions Carrying(TemporaryFile file) => new()
    {
        Urls = [new Uri("http://silo1.test")],
        BootId = BootId,
        BootTicket = Ticket,
        BootTrace = file.Path,
        UserSpaceAt = TimeSpan.FromSeconds(1),
    };

    private static IReadOnlyList<TraceSpan> Spans(FleetCall call)
    {
        Assert.True(TraceReader.TryRead(
            Encoding.UTF8.GetBytes(call.Body.GetRawText()), BootId, out IReadOnlyList<TraceSpans>? sources, out string problem), problem);
        return [.. sources.SelectMany(source => source.Spans)];
    }

    private static void AssertLogged(ServingScene scene, string text) =>
        Assert.Single(scene.Log.Lines, line => line.Text.StartsWith(text, StringComparison.Ordinal));

    private static IEnumerable<string> ReplicasOf(Release release) =>
        release.Manifest.Artifacts.Values.Select(artifact => artifact.Digest.ToString()).Order(StringComparer.Ordinal);

    private static string KernelOf(Release release) => release.Manifest.Artifacts[ArtifactKind.Kernel].Digest.ToString();

    private static IEnumerable<string?> TextsOf(FleetCall call, string name) =>
        call.Body.GetProperty(name).EnumerateArray().Select(each => each.GetString());

    private ServingScene Scene(FleetMembershipOptions fleet) =>
        new() { Bind = "127.0.0.1", Fleet = fleet, FleetHandler = _fleet, Joining = Quick };

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(byte[] content) => File.WriteAllBytes(Path, content);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
