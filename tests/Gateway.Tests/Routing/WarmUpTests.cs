using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Routing;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Routing;

public class WarmUpTests
{
    [Fact]
    public void Join_UnderLoad_TakesFewAtFirstAndMoreWithEachThatEndsWell()
    {
        PickerFixture fixture = Loaded(Replica("new"));

        Assert.Equal(Options.WarmUpFrom, TakenBy(fixture, "new").Count);
    }

    [Fact]
    public void Join_TransfersEndWell_AllowanceGrows()
    {
        PickerFixture fixture = Loaded(Replica("new"));
        for (int i = 0; i < 5; i++)
        {
            fixture.Serve("new");
        }

        Assert.Equal(Options.WarmUpFrom + 5, TakenBy(fixture, "new").Count);
    }

    [Fact]
    public void Join_SaysItIsNotWarm_StaysAtTheFirstAllowance()
    {
        PickerFixture fixture = Loaded(Replica("new", isWarm: false));
        for (int i = 0; i < 5; i++)
        {
            fixture.Serve("new");
        }

        Assert.Equal(Options.WarmUpFrom, TakenBy(fixture, "new").Count);
        Assert.Contains("Warming up", fixture.Explain("new").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Recovers_WarmsUpAgain()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Warm("a", "b");
        Assert.Equal(ReplicaStanding.Ready, fixture.Explain("a").Standing);

        fixture.Directory.Name(Replica("a", isHealthy: false), Replica("b"));
        Assert.Equal("b", fixture.PickedId());
        fixture.Directory.Name(Replica("a"), Replica("b"));

        Assert.Equal(ReplicaStanding.Warming, fixture.Explain("a").Standing);
    }

    [Fact]
    public void Pick_NobodyHasRoom_TakesOneAllTheSame()
    {
        PickerFixture fixture = new(Replica("only"));

        Assert.All(Enumerable.Range(0, 50), _ => Assert.NotNull(fixture.Pick()));
    }

    /// <summary>Two warm ones with forty transfers, and one that has just come.</summary>
    private static PickerFixture Loaded(ReplicaEndpoint joins)
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Warm("a", "b");
        for (int i = 0; i < 40; i++)
        {
            fixture.Pick();
        }

        fixture.Directory.Name(Replica("a"), Replica("b"), joins);
        return fixture;
    }

    private static List<string> TakenBy(PickerFixture fixture, string id) =>
        [.. Enumerable.Range(0, 30).Select(_ => fixture.Pick()!.Endpoint.ProviderId).Where(picked => picked == id)];
}
