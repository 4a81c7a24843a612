using System.Net;
using System.Text;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Joining;
using Simulated = PhaseMesh.TestKit.Simulation.VirtualTime;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>When whom is called, in virtual time.</summary>
public sealed class SiloTurnsTests : IDisposable
{
    private static readonly Uri[] Two = [new("http://silo1.test"), new("http://silo2.test")];

    private readonly Simulated _time = new();
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate();
    private readonly List<(TimeSpan At, string Host)> _calls = [];

    public void Dispose() => _key.Dispose();

    [Fact]
    public void SendAsync_AllAreDown_PausesGrowToAMinute()
    {
        Send(Two, _ => FakeFleet.Answer(_calls.Count <= 40 ? HttpStatusCode.BadGateway : HttpStatusCode.OK, "{}"));

        TimeSpan[] pauses = [.. _calls.Zip(_calls.Skip(1), (one, next) => next.At - one.At).Where((_, i) => i % 2 == 1)];
        Assert.Equal(["silo1.test", "silo2.test"], _calls.Take(2).Select(call => call.Host));
        Assert.InRange(pauses[0], TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1));
        Assert.InRange(pauses[3], TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8));
        Assert.All(pauses[7..], pause => Assert.InRange(pause, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60)));
        Assert.True(pauses[7..].Distinct().Count() > 5, "No chance in the pauses.");
    }

    [Theory]
    [InlineData("120", null, 120)]
    [InlineData("120", "40", 40)]
    [InlineData("1000000", null, 300)]
    public void SendAsync_AllAreBusy_ComesWhenTheFirstIsReady(string first, string? second, int seconds)
    {
        Uri[] silos = second is null ? Two[..1] : Two;

        Send(silos, host => _calls.Count > silos.Length
            ? FakeFleet.Answer(HttpStatusCode.OK, "{}")
            : FakeFleet.Answer(HttpStatusCode.ServiceUnavailable, "", host == "silo1.test" ? first : second));

        Assert.Equal(TimeSpan.FromSeconds(seconds), _calls[^1].At);
    }

    [Fact]
    public void SendAsync_SiloNeverAnswers_IsLeftAfterItsLimit()
    {
        Send(Two, host => host == "silo2.test" ? FakeFleet.Answer(HttpStatusCode.OK, "{}") : null);

        Assert.Equal([(TimeSpan.Zero, "silo1.test"), (TimeSpan.FromSeconds(10), "silo2.test")], _calls);
    }

    [Fact]
    public void SendOnceAsync_NobodyAnswers_IsOverInTime()
    {
        using FleetLink link = new(new Handler(this, _ => null), _key, _time);
        SiloTurns turns = new(link, Two, new JoiningLimits(), _time) { Silence = _ => { } };

        FleetAnswer answer = _time.Run(() =>
            turns.SendOnceAsync(HttpMethod.Post, "/x", [], TimeSpan.FromSeconds(2), CancellationToken.None));

        Assert.False(answer.IsGood);
        Assert.Equal((TimeSpan.FromSeconds(2), 2), (_time.Elapsed, _calls.Count));
    }

    [Fact]
    public void SendAsync_ClockIsYearsOff_SignsByTheSilosClock()
    {
        DateTimeOffset theirs = _time.GetUtcNow().AddYears(50);
        List<bool> wasGood = [];
        Handler handler = new(this, _ => null)
        {
            Judge = request =>
            {
                RequestVerdict verdict = RequestSignature.Verify(
                    "POST", "/x", [], name => request.Headers.GetValues(name).Single(), theirs);
                wasGood.Add(verdict.IsGood);
                HttpResponseMessage answer = FakeFleet.Answer(verdict.IsGood ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, "{}");
                answer.Headers.Date = theirs;
                return answer;
            },
        };
        using FleetLink link = new(handler, _key, _time);

        FleetAnswer answer = _time.Run(() =>
            link.SendAsync(Two[0], HttpMethod.Post, "/x", [], TimeSpan.FromSeconds(2), CancellationToken.None));

        Assert.True(answer.IsGood);
        Assert.Equal([false, true], wasGood);
        Assert.Equal(theirs, link.Now);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[1]")]
    [InlineData("{\"state\":7,\"heartbeat_seconds\":\"x\",\"type\":null,\"detail\":[]}")]
    [InlineData("{\"heartbeat_seconds\":-1}")]
    [InlineData("{\"heartbeat_seconds\":1e99}")]
    [InlineData("{\"state\":\"\\ud800\",\"type\":\"\\ud800\"}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[")]
    public void Read_AnythingElse_IsAnAnswerWithoutFields(string body)
    {
        foreach (HttpStatusCode status in new[] { HttpStatusCode.OK, HttpStatusCode.Forbidden })
        {
            FleetAnswer answer = FleetAnswer.Read(status, Encoding.UTF8.GetBytes(body), null);
            Assert.Equal((status, "", "", null), (answer.Status, answer.State, answer.Slug, answer.Heartbeat));
        }
    }

    private void Send(Uri[] silos, Func<string, HttpResponseMessage?> answer)
    {
        using FleetLink link = new(new Handler(this, answer), _key, _time);
        SiloTurns turns = new(link, silos, new JoiningLimits(), _time) { Silence = _ => { } };
        Assert.True(_time.Run(() => turns.SendAsync(HttpMethod.Post, "/x", () => [], CancellationToken.None)).IsGood);
    }

    /// <param name="answer">By the host; null never answers.</param>
    private sealed class Handler(SiloTurnsTests owner, Func<string, HttpResponseMessage?> answer) : HttpMessageHandler
    {
        public Func<HttpRequestMessage, HttpResponseMessage>? Judge { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string host = request.RequestUri!.Host;
            owner._calls.Add((owner._time.Elapsed, host));
            if ((Judge?.Invoke(request) ?? answer(host)) is { } given)
            {
                return given;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            throw new InvalidOperationException("It waits for ever.");
        }
    }
}
