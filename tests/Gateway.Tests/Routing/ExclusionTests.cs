using PhaseMesh.Gateway.Routing;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Routing;

public class ExclusionTests
{
    [Fact]
    public void WrongBytes_ExcludesUntilPardoned()
    {
        PickerFixture fixture = new(Replica("liar"));
        fixture.Fail("liar", ReplicaFault.WrongBytes);
        fixture.Time.Advance(TimeSpan.FromDays(30).TotalMilliseconds);

        Assert.Null(fixture.PickedId());
        Assert.Equal(ReplicaStanding.Excluded, fixture.Explain("liar").Standing);

        fixture.Picker.Pardon("liar");
        Assert.Equal("liar", fixture.PickedId());
        Assert.Equal(ReplicaStanding.Warming, fixture.Explain("liar").Standing);
    }

    [Fact]
    public void WrongBytes_LeavesAndComesBack_StaysExcluded()
    {
        PickerFixture fixture = new(Replica("liar"), Replica("good"));
        fixture.Fail("liar", ReplicaFault.WrongBytes);
        fixture.Directory.Name(Replica("good"));
        Assert.Equal("good", fixture.PickedId());
        fixture.Time.Advance(Options.KeepDeparted.TotalMilliseconds + 1);
        fixture.Directory.Name(Replica("good"), Replica("x"));
        Assert.Equal(2, Tracked(fixture));

        fixture.Directory.Name(Replica("liar"));

        Assert.Null(fixture.PickedId());
    }

    [Fact]
    public void Exclude_MoreThanAreRemembered_ForgetsTheOldest()
    {
        PickerFixture fixture = new([.. Enumerable.Range(0, 6).Select(i => Replica($"r{i}"))]);
        for (int i = 0; i < 6; i++)
        {
            fixture.Picker.Exclude($"r{i}");
        }

        Assert.Equal(ReplicaStanding.Warming, fixture.Explain("r0").Standing);
        Assert.Equal(ReplicaStanding.Warming, fixture.Explain("r1").Standing);
        Assert.Equal(ReplicaStanding.Excluded, fixture.Explain("r2").Standing);
    }

    [Fact]
    public void Departed_AreDroppedByAgeAndByNumber()
    {
        PickerFixture fixture = new([.. Enumerable.Range(0, 50).Select(i => Replica($"r{i}"))]);
        Assert.Equal(50, Tracked(fixture));

        fixture.Directory.Name(Replica("r0"));
        Assert.Equal(1 + Options.MaxDeparted, Tracked(fixture));

        fixture.Time.Advance(Options.KeepDeparted.TotalMilliseconds + 1);
        fixture.Directory.Name(Replica("r0"));
        Assert.Equal(1, Tracked(fixture));
    }

    [Fact]
    public void Departed_ForAMoment_KeepsItsFiguresAndWarmsUpAgain()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Warm("a", "b");
        fixture.Directory.Name(Replica("b"));
        fixture.PickedId();
        fixture.Directory.Name(Replica("a"), Replica("b"));

        RouteCandidate back = fixture.Explain("a");

        Assert.NotNull(back.RateBytesPerSecond);
        Assert.Equal(ReplicaStanding.Warming, back.Standing);
    }

    private static int Tracked(PickerFixture fixture)
    {
        fixture.PickedId();
        return fixture.Picker.TrackedProviders;
    }
}
