using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PhaseMesh.BootAgent.Fleet;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.BootAgent.Tests.Fleet;

/// <summary>Whole boots that tell a fleet, or try to.</summary>
public class BootWithFleetTests
{
    private const string Silo = "http://silo1.test:8080";

    /// <summary>No test waits long for a fleet that does not answer; the defaults are judged in virtual time.</summary>
    private static readonly FleetLimits Short = new()
    {
        BootDelay = TimeSpan.FromSeconds(0.3),
        AssignmentWait = TimeSpan.FromSeconds(0.1),
        FailureFlush = TimeSpan.FromSeconds(0.3),
        FirstRequest = TimeSpan.FromSeconds(0.05),
    };

    [Fact]
    public async Task RunAsync_FleetListens_HearsAllOfItInOrderAndTheTicketGoesOn()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        FleetCall creation = fleet.Calls[0];
        Assert.True(creation.IsCreation);
        Assert.Equal(agent.Options.BootId, creation.Body.GetProperty("boot_id").GetString());
        Assert.Equal(["stable", "x86_64", "internet"], new[] { "channel", "arch", "mode" }.Select(name => Text(creation.Body, name)));
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", Text(creation.Body, "trace"));
        Assert.All(fleet.Calls.Skip(1), call => Assert.Matches($"^/v1/boots/{agent.Options.BootId}/(events|log|spans)$", call.Url.AbsolutePath));
        Assert.Single(fleet.Calls.Select(call => call.Signature.Signer).Distinct());
        Assert.Equal(["discovered", "manifest", "fetching", "verified", "kexec"], fleet.Phases.Distinct());
        JsonElement manifest = fleet.Events.Single(told => Text(told, "phase") == "manifest");
        Assert.Equal((release.Manifest.Digest.ToString(), 7), (Text(manifest, "manifest"), manifest.GetProperty("release").GetInt64()));
        JsonElement done = fleet.Events.Last(told => Text(told, "phase") == "fetching");
        Assert.Equal(release.Contents.Values.Sum(each => each.Length), done.GetProperty("bytes_fetched").GetInt64());
        Assert.Equal(done.GetProperty("bytes_total").GetInt64(), done.GetProperty("bytes_fetched").GetInt64());
        Assert.Equal([provider.Url], done.GetProperty("from").EnumerateArray().Select(from => from.GetString()));
        Assert.EndsWith($" phase.provider={provider.Url} phase.fleet={Silo} phase.ticket={FakeFleet.Ticket}", agent.Kexec.CommandLine,
            StringComparison.Ordinal);
        Assert.True(agent.Kexec.Executed);
    }

    [Fact]
    public async Task RunAsync_FleetListens_GetsTheConsoleButNobodyTheTicket()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);

        Assert.Equal(AgentExitCode.Ok, await agent.RunAsync());

        Assert.Contains("Attempting kexec...", fleet.Log, StringComparison.Ordinal);
        Assert.Contains("phase.ticket=...", agent.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeFleet.Ticket, agent.Text + fleet.Log, StringComparison.Ordinal);
    }

    public static TheoryData<string> Uselessness { get; } =
        ["silent", "error", "busy", "moved", "refusing", "gibberish", "badTicket", "badDigest", "notJson", "oversize", "cut", "nobody"];

    [Theory]
    [MemberData(nameof(Uselessness))]
    public async Task RunAsync_FleetIsOfNoUse_BootsAllTheSame(string kind)
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);
        agent.FleetLimits = Short;
        await using RawSilo raw = new(kind);
        fleet.Instead = kind switch
        {
            "silent" => FakeFleet.NeverAsync,
            "error" => FakeFleet.Always(HttpStatusCode.InternalServerError),
            "busy" => FakeFleet.Always(HttpStatusCode.ServiceUnavailable),
            "moved" => FakeFleet.Always(HttpStatusCode.TemporaryRedirect),
            "refusing" => FakeFleet.Always(HttpStatusCode.Forbidden, """{"type":"https://example.org/problems/not-allowed"}"""),
            "badTicket" => FakeFleet.Always(HttpStatusCode.Created, """{"ticket":"a init=/bin/sh"}"""),
            "badDigest" => FakeFleet.Always(HttpStatusCode.Created, """{"current":{"manifest":"sha256:00"}}"""),
            "notJson" => FakeFleet.Always(HttpStatusCode.Created, "[[[[[[[[[[[["),
            _ => null,
        };
        if (fleet.Instead is null)
        {
            agent.FleetHandler = null;
            agent.Options = agent.Options with { Fleet = [Url(raw.Url)] };
        }

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.True(agent.Kexec.Executed);
        Assert.EndsWith($" phase.fleet={agent.Options.Fleet[0]}", agent.Kexec.CommandLine, StringComparison.Ordinal);
        Assert.Single(agent.Text.Split('\n'), line => line.StartsWith("  Fleet: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_FirstUrlIsDead_TellsTheNext()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);
        agent.Options = agent.Options with { Fleet = [Url(Silo), Url("https://silo2.test")] };
        fleet.Instead = (call, _) => Task.FromResult(call.Url.Host == "silo1.test" ? FakeFleet.Answer(HttpStatusCode.BadGateway) : null);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.All(fleet.Calls, call => Assert.Equal("silo2.test", call.Url.Host));
        Assert.Contains("kexec", fleet.Phases);
        Assert.EndsWith($" phase.fleet={Silo},https://silo2.test phase.ticket={FakeFleet.Ticket}", agent.Kexec.CommandLine,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_EveryOtherRequestIsLost_LosesNoEvent()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);
        int count = 0;
        fleet.Instead = (_, _) => Task.FromResult(Interlocked.Increment(ref count) % 2 == 1 ? FakeFleet.Answer((HttpStatusCode)429) : null);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.Equal(["discovered", "manifest", "fetching", "verified", "kexec"], fleet.Phases.Distinct());
    }

    [Fact]
    public async Task RunAsync_NoProvider_TheFleetKnowsWhyBeforeTheAgentEnds()
    {
        using TestRelease release = TestRelease.Create();
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet);

        Assert.Equal(AgentExitCode.NoProvider, await agent.RunAsync());

        JsonElement failed = Assert.Single(fleet.Events);
        Assert.Equal(("failed", "no_provider"), (Text(failed, "phase"), Text(failed, "reason")));
        Assert.StartsWith("no provider is known: add phase.provider=", Text(failed, "detail"), StringComparison.Ordinal);
        Assert.Contains("phase: FAILED: no provider is known", fleet.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_KexecRefused_TheFleetHearsOfNoKexec()
    {
        using TestRelease release = TestRelease.Create();
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet, provider.Url);
        agent.Kexec.LoadErrno = 1;

        Assert.Equal(AgentExitCode.KexecRefused, await agent.RunAsync());

        Assert.Equal(["discovered", "manifest", "fetching", "verified", "failed"], fleet.Phases.Distinct());
        Assert.Equal("kexec_refused", Text(fleet.Events[^1], "reason"));
    }

    [Fact]
    public async Task RunAsync_FleetTakesNoText_HearsTheOutcome()
    {
        using TestRelease release = TestRelease.Create();
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet);
        fleet.Instead = (call, _) => Task.FromResult(
            call.Log is not null ? FakeFleet.Answer(HttpStatusCode.BadRequest) : null);

        Assert.Equal(AgentExitCode.NoProvider, await agent.RunAsync());

        Assert.Equal("failed", Assert.Single(fleet.Phases));
    }

    [Fact]
    public async Task RunAsync_MachineWokeUpIn1970_SignsByTheFleetsClock()
    {
        using TestRelease release = TestRelease.Create();
        using AgentHarness agent = InMachine(release, new FakeFleet(), out FakeFleet fleet);
        agent.Time = new WrongClock();
        fleet.Instead = (call, _) =>
        {
            HttpResponseMessage? refusal = call.Signature.IsGood ? null : FakeFleet.Answer(HttpStatusCode.Unauthorized);
            refusal?.Headers.Date = fleet.Time.GetUtcNow();
            return Task.FromResult(refusal);
        };

        Assert.Equal(AgentExitCode.NoProvider, await agent.RunAsync());

        JsonElement failed = Assert.Single(fleet.Events);
        TimeSpan off = failed.GetProperty("at").GetDateTimeOffset() - fleet.Time.GetUtcNow();
        Assert.InRange(off, TimeSpan.FromMinutes(-5), TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task RunAsync_FleetGivesAnOlderRelease_PrefersItToTheNewest()
    {
        using TestRelease older = TestRelease.Create(new TestReleaseOptions { Release = 41, ContentSeed = 500 });
        using TestRelease newer = TestRelease.Create(new TestReleaseOptions { Release = 42 });
        await using FaultyProvider hasOlder = new(older);
        await using FaultyProvider hasNewer = new(newer);
        using AgentHarness agent = new(older, hasNewer.Url, hasOlder.Url) { FleetLimits = AgentHarness.PatientWithFleet };
        agent.Options = agent.Options with { Fleet = [Url(Silo)] };
        FakeFleet fleet = new() { Current = Assigned(older, 41) };
        agent.FleetHandler = fleet;

        await agent.ExpectSuccessAsync();

        Assert.Contains($"{hasNewer.Url} is not used: has release 42, and the fleet gives this machine 41", agent.Text,
            StringComparison.Ordinal);
        Assert.Equal("verified", fleet.Phases[^1]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_NobodyTrustedHasWhatTheFleetGives_BootsTheNewestAndSaysSo(bool isOfferedByAStranger)
    {
        using TestRelease strangers = TestRelease.Create(new TestReleaseOptions { Release = 43, ContentSeed = 500, KeySeed = 2 });
        using TestRelease trusted = TestRelease.Create(new TestReleaseOptions { Release = 42 });
        await using FaultyProvider stranger = new(strangers);
        await using FaultyProvider provider = new(trusted);
        using AgentHarness agent = new(trusted, [provider.Url, .. isOfferedByAStranger ? [stranger.Url] : Array.Empty<string>()])
        {
            FleetLimits = AgentHarness.PatientWithFleet,
            FleetHandler = new FakeFleet { Current = Assigned(strangers, 43) },
        };
        agent.Options = agent.Options with { Fleet = [Url(Silo)] };

        await agent.ExpectSuccessAsync();

        Assert.Contains($"the fleet gives this machine release 43 ({strangers.Manifest.Digest}), which no provider offers signed by a "
            + "trusted key", agent.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_SignedCommandLineLeavesNoRoom_BootsWithoutTicketAndWarns()
    {
        using TestRelease release = TestRelease.Create(new TestReleaseOptions { CommandLine = new string('x', 1850) });
        await using FaultyProvider provider = new(release);
        using AgentHarness agent = InMachine(release, new FakeFleet(), out _, provider.Url);

        Assert.True(await agent.RunAsync() == AgentExitCode.Ok, agent.Text);

        Assert.DoesNotContain("phase.ticket", agent.Kexec.CommandLine, StringComparison.Ordinal);
        Assert.Contains("phase.fleet does not fit", agent.Text, StringComparison.Ordinal);
    }

    private static AgentHarness InMachine(TestRelease release, FakeFleet given, out FakeFleet fleet, params string[] providers)
    {
        AgentHarness agent = new(release, providers) { FleetLimits = AgentHarness.PatientWithFleet, FleetHandler = fleet = given };
        agent.Options = agent.Options with { OutputDirectory = null, Fleet = [Url(Silo)] };
        return agent;
    }

    private static string Assigned(TestRelease release, long number) =>
        $$"""{"release":{{number}},"manifest":"{{release.Manifest.Digest}}","version":"1"}""";

    private static RootUrl Url(string text)
    {
        Assert.True(RootUrl.TryParse(text, out RootUrl? url));
        return url;
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private sealed class WrongClock : TimeProvider
    {
        private readonly DateTimeOffset _started = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + (System.GetUtcNow() - _started);
    }

    /// <summary>Bare sockets: what no web server does.</summary>
    private sealed class RawSilo : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;
        private readonly string _answer;

        public RawSilo(string kind)
        {
            _answer = kind switch
            {
                "gibberish" => "\u0001\u0002 SSH-2.0-silo\r\n\r\n",
                "oversize" => $"HTTP/1.1 201 Created\r\nContent-Length: 1000000000\r\n\r\n{new string(' ', 200_000)}",
                "cut" => "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"ticket\":",
                _ => string.Empty,
            };
            _listener.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
            if (kind == "nobody")
            {
                _listener.Stop();
                _serving = Task.CompletedTask;
            }
            else
            {
                _serving = ServeAsync();
            }
        }

        public string Url { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync()
        {
            byte[] buffer = new byte[8192];
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    using Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                    await client.ReceiveAsync(buffer, _stop.Token);
                    await client.SendAsync(Encoding.Latin1.GetBytes(_answer), _stop.Token);
                    client.Shutdown(SocketShutdown.Both);
                }
                catch (Exception error) when (error is SocketException or OperationCanceledException)
                {
                    continue; // The agent hung up, or the test is over.
                }
            }
        }
    }
}
