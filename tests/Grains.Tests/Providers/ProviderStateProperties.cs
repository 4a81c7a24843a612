using FsCheck;
using FsCheck.Fluent;

namespace PhaseMesh.Grains.Tests.Providers;

/// <summary>
/// Random lives of a provider, on the grain itself: each step is one that the state machine allows, and its promises hold.
/// </summary>
[Collection("Fleet")]
public class ProviderStateProperties(FleetStorages storages)
{
    [Fact]
    public void AnyLife_OnlyTakesAllowedSteps() => Prop
        .ForAll(Gen.Choose(0, 9).ArrayOf(40).ToArbitrary(), steps =>
        {
            LiveAsync(steps).GetAwaiter().GetResult();
            return true;
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Silence_MoreOfIt_NeverMakesItBetter() => Prop
        .ForAll(
            (from state in Gen.Elements(Enum.GetValues<ProviderState>())
             from less in Gen.Choose(0, 1000)
             from more in Gen.Choose(0, 1000)
             select (state, less, less + more)).ToArbitrary(),
            sample =>
            {
                FleetOptions options = new();
                ProviderState early = ProviderRules.Silent(sample.state, TimeSpan.FromSeconds(sample.less), options);
                ProviderState late = ProviderRules.Silent(sample.state, TimeSpan.FromSeconds(sample.Item3), options);
                return ProviderRules.Silent(early, TimeSpan.FromSeconds(sample.Item3), options) == late
                    && ProviderRules.Allows(sample.state, early) && ProviderRules.Allows(early, late);
            })
        .QuickCheckThrowOnFailure();

    private async Task LiveAsync(int[] steps)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IProviderGrain provider = lab.Silo.Get<IProviderGrain>(Nodes.Id(1));
        ProviderState? before = null;
        foreach (int step in steps)
        {
            lab.Clock.Pass(TimeSpan.FromSeconds(1));
            bool isByOperator = step is 6 or 7;
            try
            {
                await StepAsync(lab, provider, step);
            }
            catch (FleetRefusedException)
            {
                // A refusal is as good as any other answer; what counts is that nothing changed by it.
                Assert.Equal(before, (await provider.GetAsync())?.State);
            }

            ProviderState? after = (await provider.GetAsync())?.State;
            Assert.True(before is null ? after is null or ProviderState.Joining : after is { } now && ProviderRules.Allows(before.Value,
                now),
                $"{before} -> {after} by step {step}");
            Assert.False(before == ProviderState.Quarantined && after != before && !isByOperator, $"{before} -> {after} by step {step}");
            before = after;
        }

    }

    private static Task StepAsync(FleetLab lab, IProviderGrain provider, int step)
    {
        switch (step)
        {
            case 0 or 1:
                return provider.EnrolAsync(Nodes.Enrolment(), new ProviderAdmission(step == 0 ? AdmissionKind.Open
                    : AdmissionKind.Approval));
            case 2:
                return provider.BeatAsync(lab.Clock.Beat());
            case 3:
                return provider.BeatAsync(lab.Clock.Beat(ProviderHealth.Failing));
            case 4:
                return provider.DrainAsync(Nodes.Id(1));
            case 5:
                return provider.QuarantineAsync(Nodes.Operator, "");
            case 6:
                return provider.ReleaseAsync(Nodes.Operator);
            case 7:
                return provider.DrainAsync(Nodes.Operator);
            case 8:
                lab.Clock.Pass(lab.Options.SuspectAfter);
                return provider.SweepAsync();
            default:
                lab.Clock.Pass(lab.Options.GoneAfter);
                return Task.CompletedTask;
        }
    }
}
