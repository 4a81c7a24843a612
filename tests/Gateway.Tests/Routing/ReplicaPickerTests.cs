using System.Net;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Gateway.Tests.Routing.Simulation;
using PhaseMesh.Manifests.Naming;
using static PhaseMesh.Gateway.Tests.Routing.PickerFixture;

namespace PhaseMesh.Gateway.Tests.Routing;

public class ReplicaPickerTests
{
    [Fact]
    public void Pick_DigestNobodyHas_IsNull()
    {
        PickerFixture fixture = new(Replica("a"));

        Assert.Null(fixture.Picker.Pick(new RouteRequest(Sha256Digest.Compute("other"u8), null, IPAddress.Loopback, 0, 1), []));
        Assert.Empty(fixture.Picker.Explain(Sha256Digest.Compute("other"u8), null).Candidates);
    }

    [Fact]
    public void Pick_UnhealthyUnwantedAndTried_AreLeftOut()
    {
        PickerFixture fixture = new(Replica("sick", isHealthy: false), Replica("unwanted", weight: 0), Replica("tried"), Replica("good"));

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal("good", fixture.PickedId(null, "tried")));
        Assert.Null(fixture.PickedId(null, "tried", "good"));
        Assert.Equal(ReplicaStanding.Unhealthy, fixture.Explain("sick").Standing);
        Assert.Equal(ReplicaStanding.Unwanted, fixture.Explain("unwanted").Standing);
    }

    [Fact]
    public void Pick_OneIsFaster_TakesItUntilItsQueueCostsTheDifference()
    {
        PickerFixture fixture = new(Replica("fast"), Replica("slow"));
        for (int i = 0; i < Options.WarmUpUntil; i++)
        {
            fixture.Serve("fast", 10);
            fixture.Serve("slow", 40);
        }

        string?[] picked = [.. Enumerable.Range(0, 10).Select(_ => fixture.Pick()?.Endpoint.ProviderId)];

        // Four times as fast: eight of ten transfers, give or take one, and the first of all.
        Assert.Equal("fast", picked[0]);
        Assert.InRange(picked.Count(id => id == "fast"), 7, 9);
    }

    [Fact]
    public void Pick_WeightOfTwo_TakesTwiceTheLoad()
    {
        PickerFixture fixture = new(Replica("heavy", weight: 2), Replica("light"));
        fixture.Warm("heavy", "light");

        int heavy = Enumerable.Range(0, 60).Count(_ => fixture.Pick()?.Endpoint.ProviderId == "heavy");

        Assert.InRange(heavy, 38, 42);
    }

    [Fact]
    public void Pick_ProbesTellOfOthersLoad_AvoidsItUntilItIsOld()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Warm("a", "b");
        fixture.Picker.ProbeAnswered("a", 20, TimeSpan.FromMilliseconds(1));

        Assert.All(Enumerable.Range(0, 8), _ => Assert.Equal("b", fixture.Pick()?.Endpoint.ProviderId));

        fixture.Time.Advance(10 * Options.OthersHalfLife.TotalMilliseconds);
        Assert.True(fixture.Explain("a").OthersInFlight < 0.1);
        Assert.Equal("a", fixture.PickedId());
    }

    [Fact]
    public void Explain_SaysWhatEachReplicaSent()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"));
        fixture.Serve("a");
        fixture.Serve("a");

        Assert.Equal((2L * PickerFixture.ChunkBytes, 0L), (fixture.Explain("a").SentBytes, fixture.Explain("b").SentBytes));
    }

    [Theory]
    [InlineData(-5)]
    [InlineData(int.MinValue)]
    public void ProbeAnswered_NegativeLoad_CountsAsNone(int inFlight)
    {
        PickerFixture fixture = new(Replica("a"));

        fixture.Picker.ProbeAnswered("a", inFlight, TimeSpan.FromMilliseconds(-1));

        Assert.Equal(0, fixture.Explain("a").OthersInFlight);
        Assert.Equal("a", fixture.PickedId());
    }

    [Fact]
    public void Pick_OneHangsWithoutASign_IsAvoidedBeforeAnyTimeOut()
    {
        PickerFixture fixture = new(Replica("hangs"), Replica("works"));
        fixture.Warm("hangs", "works");
        using ReplicaLease hanging = fixture.PickFrom("hangs");

        fixture.Time.Advance(300);
        string?[] picked = [.. Enumerable.Range(0, 15).Select(_ => fixture.Pick()?.Endpoint.ProviderId)];

        Assert.DoesNotContain("hangs", picked);
        Assert.Equal(ReplicaStanding.Ready, fixture.Explain("hangs").Standing);
    }

    [Fact]
    public void Pick_TransfersAlwaysOvertakenByHedges_StillTellThatItIsSlow()
    {
        PickerFixture fixture = new(Replica("slow"), Replica("quick"));
        fixture.Warm("slow", "quick");

        for (int i = 0; i < 10; i++)
        {
            using ReplicaLease overtaken = fixture.PickFrom("slow");
            fixture.Time.Advance(50);
        }

        Assert.True(fixture.Explain("slow").FirstByteMilliseconds > 10);
        Assert.Equal("quick", fixture.PickedId());
    }

    [Fact]
    public void Pick_QuickProbes_AreNotBelievedOnceBodiesWereMeasured()
    {
        PickerFixture fixture = new(Replica("boaster"), Replica("honest"));
        fixture.Picker.ProbeAnswered("boaster", 0, TimeSpan.FromMilliseconds(0.1));
        fixture.Picker.ProbeAnswered("honest", 0, TimeSpan.FromMilliseconds(5));
        Assert.Equal("boaster", fixture.PickedId());

        fixture.Serve("boaster", 500);
        fixture.Serve("honest", 10);
        fixture.Picker.ProbeAnswered("boaster", 0, TimeSpan.FromMilliseconds(0.1));

        Assert.Equal("honest", fixture.PickedId());
    }

    [Fact]
    public void Pick_SlowOne_IsTriedAgainByOneTransferAfterAWhile()
    {
        PickerFixture fixture = new(Replica("was-slow"), Replica("good"));
        fixture.Warm("good", "was-slow");
        fixture.Serve("was-slow", 300);
        fixture.Serve("good");
        fixture.Time.Advance(4 * Options.Forgetting.TotalMilliseconds);
        fixture.Serve("good");

        List<string?> picked = [.. Enumerable.Range(0, 10).Select(_ => fixture.Pick()?.Endpoint.ProviderId)];

        Assert.Single(picked, id => id == "was-slow");
    }

    [Fact]
    public void Pick_SameSeed_SameChoices()
    {
        string?[] Choices()
        {
            PickerFixture fixture = new([.. Enumerable.Range(0, 9).Select(i => Replica($"r{i}"))]);
            return [.. Enumerable.Range(0, 100).Select(_ => fixture.PickedId())];
        }

        Assert.Equal(Choices(), Choices());
    }

    [Fact]
    public async Task Pick_FromManyThreads_LosesNoCount()
    {
        PickerFixture fixture = new(Replica("a"), Replica("b"), Replica("c"));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                using ReplicaLease? lease = fixture.Pick();
                lease?.FirstByte();
                lease?.Progress(ChunkBytes);
                lease?.Completed();
            }
        })));

        Assert.All(fixture.Picker.Explain(SimulatedDirectory.Digest, null).Candidates, candidate => Assert.Equal(0, candidate.InFlight));
    }
}
