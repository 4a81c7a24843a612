using PhaseMesh.Silo.Commands.Top;

namespace PhaseMesh.Silo.Tests.Commands.Top;

public class TopModelTests
{
    [Fact]
    public void OfNews_AnEventOfTheStream_IsTheBootAfterIt()
    {
        TopBoot? boot = TopBoot.OfNews(TopScene.Json("""
            {"at":"2027-01-31T12:00:00Z","boot":{"boot_id":"b1","what":"progress","phase":"fetching","outcome":"running","channel":"stable","arch":"x86_64",
             "machine_id":"m1","release":7,"bytes_fetched":50,"bytes_total":100,"bytes_per_second":10,"reason":null,"provider":null,
             "created_at":"2027-01-31T11:59:00Z"}}
            """));
        Assert.Equal(
            new TopBoot("b1", "fetching", "running", false, "stable/x86_64", "m1", 50, 100, 10, null, TopScene.Now.AddMinutes(-1), TopScene.Now), boot);
        Assert.Equal(0.5, boot!.Part);
        Assert.Null(TopBoot.OfNews(TopScene.Json("""{"at":"2027-01-31T12:00:00Z"}""")));
        Assert.Null(TopBoot.OfNews(TopScene.Json("[1]")));
    }

    [Fact]
    public void Apply_OlderNewsAfterNewer_ChangesNothing()
    {
        TopModel model = new(TimeProvider.System);
        TopBoot boot = TopScene.Boot(1, "verified", 10);
        model.Apply(boot);
        model.Apply(boot with { Phase = "fetching", UpdatedAt = boot.UpdatedAt.AddSeconds(-1) });
        Assert.Equal("verified", Assert.Single(model.Boots).Phase);
    }

    [Fact]
    public void Apply_Joined_IsGone_FailedStays()
    {
        TopModel model = new(TimeProvider.System);
        model.Apply(TopScene.Boot(1, "kexec", 10));
        model.Apply(TopScene.Boot(1, "joined", 10) with { Outcome = "joined", UpdatedAt = TopScene.Now });
        model.Apply(TopScene.Boot(2, "failed", 10) with { Outcome = "failed", Reason = "no_provider" });
        Assert.Equal("failed: no_provider", Assert.Single(model.Boots).State);
    }

    [Fact]
    public void ForgetUnheard_RunningBootsMissingFromTheList_AreGone()
    {
        FixedTicks clock = new();
        TopModel model = new(clock);
        model.Apply(TopScene.Boot(1, "fetching", 10));
        model.Apply(TopScene.Boot(2, "failed", 10) with { Outcome = "failed" });
        clock.Ticks++;
        model.Apply(TopScene.Boot(3, "fetching", 10));
        model.ForgetUnheard(asked: clock.Ticks);
        Assert.Equal([TopScene.Boot(2, "failed", 1).Id, TopScene.Boot(3, "fetching", 1).Id], model.Boots.Select(boot => boot.Id).Order());
    }

    [Fact]
    public void Apply_EndlessFailures_KeepsTheNewest()
    {
        TopModel model = new(TimeProvider.System);
        int count = TopModel.MaxRunning + (2 * TopModel.MaxEnded);
        for (int i = 0; i < count; i++)
        {
            model.Apply(TopScene.Boot(i, "failed", 10) with { Outcome = "failed", UpdatedAt = TopScene.Now.AddSeconds(i) });
        }

        Assert.InRange(model.Boots.Count(), TopModel.MaxEnded, TopModel.MaxRunning + TopModel.MaxEnded);
        Assert.Contains(model.Boots, boot => boot.Id == TopScene.Boot(count - 1, "failed", 1).Id);
    }

    private sealed class FixedTicks : TimeProvider
    {
        public long Ticks { get; set; } = 1;

        public override long GetTimestamp() => Ticks;
    }
}
