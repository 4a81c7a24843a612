using PhaseMesh.Gateway.Routing;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Routing;

public class CooldownTests
{
    [Theory]
    [InlineData(nameof(ReplicaFault.ConnectFailed))]
    [InlineData(nameof(ReplicaFault.Stalled))]
    [InlineData(nameof(ReplicaFault.Reset))]
    [InlineData(nameof(ReplicaFault.WrongRange))]
    [InlineData(nameof(ReplicaFault.WrongStatus))]
    [InlineData(nameof(ReplicaFault.Truncated))]
    [InlineData(nameof(ReplicaFault.Overlong))]
    public void Fault_OneOfTwo_CoolsDownAndReturnsWarmingUp(string fault)
    {
        PickerFixture fixture = new(Replica("bad"), Replica("good"));
        fixture.Warm("bad", "good");
        fixture.Fail("bad", Enum.Parse<ReplicaFault>(fault));

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("good", fixture.PickedId()));
        RouteCandidate cooling = fixture.Explain("bad");
        Assert.Equal(ReplicaStanding.Cooling, cooling.Standing);
        Assert.Equal(Options.CooldownFirst.TotalMilliseconds, cooling.CoolsForMilliseconds, 3);
        Assert.Null(cooling.Cost);

        fixture.Time.Advance(Options.CooldownFirst.TotalMilliseconds + 1);
        Assert.Equal(ReplicaStanding.Warming, fixture.Explain("bad").Standing);
    }

    [Fact]
    public void Fault_AgainAndAgain_CoolsTwiceAsLongUpToTheLimit()
    {
        PickerFixture fixture = new(Replica("bad"), Replica("good"));
        List<double> seconds = [];
        for (int i = 0; i < 9; i++)
        {
            fixture.Fail("bad", ReplicaFault.Reset);
            seconds.Add(Math.Round(fixture.Explain("bad").CoolsForMilliseconds / 1000));
            fixture.Time.Advance((seconds[^1] * 1000) + 1);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], seconds);
    }

    [Fact]
    public void Fault_OfManyTransfersAtOnce_IsOneFailure()
    {
        PickerFixture fixture = new(Replica("bad"), Replica("good"));
        fixture.Warm("bad", "good");
        List<ReplicaLease> leases = [.. Enumerable.Range(0, 30).Select(_ => fixture.PickFrom("bad"))];
        fixture.Time.Advance(1);
        foreach (ReplicaLease lease in leases)
        {
            lease.Fault(ReplicaFault.Reset);
            lease.Dispose();
        }

        Assert.InRange(fixture.Explain("bad").CoolsForMilliseconds, 1, 1000);
    }

    [Fact]
    public void Fault_Busy_CoolsBriefly()
    {
        PickerFixture fixture = new(Replica("full"), Replica("other"));
        fixture.Fail("full", ReplicaFault.Busy);

        Assert.Equal(250, fixture.Explain("full").CoolsForMilliseconds, 3);
        Assert.Equal("other", fixture.PickedId());
    }

    [Fact]
    public void Fault_ProvedItselfSince_BeginsAgainWithTheShortest()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Fail("a", ReplicaFault.Reset);
        fixture.Time.Advance(1001);
        fixture.Fail("a", ReplicaFault.Reset);
        fixture.Time.Advance(2001);
        fixture.Warm("a");

        fixture.Fail("a", ReplicaFault.Reset);

        Assert.Equal(1000, fixture.Explain("a").CoolsForMilliseconds, 3);
    }

    [Fact]
    public void FirstByte_FarLaterThanTheOthers_IsASlowStart()
    {
        PickerFixture fixture = new(Replica("slow"), Replica("a"), Replica("b"));
        fixture.Warm("a", "b");
        using ReplicaLease lease = fixture.PickFrom("slow");
        fixture.Time.Advance(1500);
        lease.FirstByte();

        RouteCandidate slow = fixture.Explain("slow");
        Assert.Equal(ReplicaStanding.Cooling, slow.Standing);
        Assert.Contains("slow start", slow.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pick_AllCool_TriesOneOnceInAWhileAndTakesItWhenItAnswers()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Fail("a", ReplicaFault.ConnectFailed);
        fixture.Fail("b", ReplicaFault.ConnectFailed);

        ReplicaLease? lastResort = fixture.Pick();
        Assert.NotNull(lastResort);
        Assert.Null(fixture.Pick());
        fixture.Time.Advance(Options.LastResortEvery.TotalMilliseconds + 1);
        Assert.NotNull(fixture.Pick());

        lastResort.FirstByte();
        Assert.Equal(ReplicaStanding.Warming, fixture.Explain(lastResort.Endpoint.ProviderId).Standing);
        Assert.NotNull(fixture.Pick());
    }

    [Fact]
    public void ProbeFailed_CoolsDown()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));

        fixture.Picker.ProbeFailed("a");
        fixture.Picker.ProbeFailed("nobody");

        Assert.Equal("b", fixture.PickedId());
    }
}
