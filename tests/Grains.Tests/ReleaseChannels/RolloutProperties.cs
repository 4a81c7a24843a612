using FsCheck;
using FsCheck.Fluent;

namespace PhaseMesh.Grains.Tests.ReleaseChannels;

public class RolloutProperties
{
    private static readonly Arbitrary<(string Machine, int Release, int Less, int More)> Cases =
        (from machine in Gen.Choose(0, int.MaxValue)
         from release in Gen.Choose(0, 1000)
         from one in Gen.Choose(0, 100)
         from other in Gen.Choose(0, 100)
         select ($"m{machine}", release, Math.Min(one, other), Math.Max(one, other))).ToArbitrary();

    [Fact]
    public void Includes_GrowingPercentage_NeverTakesAMachineOut() => Prop
        .ForAll(Cases, sample => !Rollout.Includes("stable/x86_64", sample.Release, sample.Machine, sample.Less)
            || Rollout.Includes("stable/x86_64", sample.Release, sample.Machine, sample.More))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Includes_AllAndNone_AreExact() => Prop
        .ForAll(Cases, sample => Rollout.Includes("stable/x86_64", sample.Release, sample.Machine, 100)
            && !Rollout.Includes("stable/x86_64", sample.Release, sample.Machine, 0))
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(50)]
    public void Includes_ManyMachines_IsTheShareAsked(int percent)
    {
        int taken = Enumerable.Range(0, 20_000).Count(machine => Rollout.Includes("stable/x86_64", 7, $"machine-{machine}", percent));

        Assert.InRange(taken, (200 * percent) - 300, (200 * percent) + 300);
    }

    [Fact]
    public void Includes_AnotherRelease_BeginsWithOtherMachines()
    {
        HashSet<int> one = [.. Enumerable.Range(0, 2000).Where(machine => Rollout.Includes("stable/x86_64", 1, $"m{machine}", 10))];
        HashSet<int> two = [.. Enumerable.Range(0, 2000).Where(machine => Rollout.Includes("stable/x86_64", 2, $"m{machine}", 10))];

        Assert.True(one.Intersect(two).Count() < one.Count / 2);
    }
}
