namespace PhaseMesh.Grains.Tests.Providers;

[Collection("Fleet")]
public class ProviderStateTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Enrol_ThenHeartbeat_Serves(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        ProviderView enrolled = await lab.Silo.Admission.EnrolAsync(Nodes.Id(1), Nodes.Enrolment(Nodes.Both()));
        Assert.Equal((ProviderState.Joining, "x86_64", AdmissionKind.Open), (enrolled.State, enrolled.Arch, enrolled.Admission));

        HeartbeatAnswer answer = await lab.Silo.Get<IProviderGrain>(Nodes.Id(1)).BeatAsync(lab.Clock.Beat());

        Assert.Equal((ProviderState.Serving, 10), (answer.State, answer.HeartbeatSeconds));
        ProviderView found = Assert.Single((await lab.Silo.Providers.ListAsync(new ProviderQuery
        {
            State = ProviderState.Serving,
            Arch = "x86_64"
        })).Items);
        Assert.Equal<string>(["http://10.0.0.1:8080"], found.Urls);
        Assert.Equal(1, (await lab.Silo.Providers.CountByStateAsync())[ProviderState.Serving]);
    }

    [Theory]
    [OnEachStorage]
    public async Task Silence_MakesItSuspect_ThenGone_ThenForgotten(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IProviderGrain provider = await lab.ServeAsync(1);

        lab.Clock.Pass(lab.Options.SuspectAfter);
        Assert.Equal(ProviderState.Suspect, (await provider.GetAsync())!.State);
        Assert.Equal(1, (await lab.Silo.Providers.CountByStateAsync())[ProviderState.Suspect]);
        await lab.Silo.SweepAsync();
        Assert.Single((await lab.Silo.Providers.ListAsync(new ProviderQuery { State = ProviderState.Suspect })).Items);

        lab.Clock.Pass(lab.Options.GoneAfter - lab.Options.SuspectAfter);
        await Nodes.RefusedAsync(FleetRefusals.EnrolAgain, () => provider.BeatAsync(lab.Clock.Beat()));
        await lab.Silo.SweepAsync();
        Assert.Single((await lab.Silo.Providers.ListAsync(new ProviderQuery { State = ProviderState.Gone })).Items);

        lab.Clock.Pass(lab.Options.ForgetProvidersAfter);
        await lab.Silo.SweepAsync();
        Assert.Null(await provider.GetAsync());
        Assert.Empty((await lab.Silo.Providers.ListAsync(new ProviderQuery())).Items);
    }

    [Theory]
    [OnEachStorage]
    public async Task Suspect_HeardAgain_Serves(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IProviderGrain provider = await lab.ServeAsync(1);
        lab.Clock.Pass(lab.Options.SuspectAfter);
        await lab.Silo.SweepAsync();

        Assert.Equal(ProviderState.Serving, (await provider.BeatAsync(lab.Clock.Beat())).State);
    }

    [Fact]
    public async Task Health_Failing_IsSuspectUntilItIsNot()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IProviderGrain provider = await lab.ServeAsync(1);

        Assert.Equal(ProviderState.Suspect, (await NextAsync(ProviderHealth.Failing)).State);
        Assert.Equal(ProviderState.Suspect, (await NextAsync(ProviderHealth.Failing)).State);
        Assert.Equal(ProviderState.Serving, (await NextAsync(ProviderHealth.Degraded)).State);
        Assert.Equal(ProviderHealth.Degraded, (await provider.GetAsync())!.Health);

        Task<HeartbeatAnswer> NextAsync(ProviderHealth health)
        {
            lab.Clock.Pass(TimeSpan.FromSeconds(10));
            return provider.BeatAsync(lab.Clock.Beat(health));
        }
    }

    [Fact]
    public async Task Heartbeats_ThatChangeNothing_AreWrittenEveryThirtySeconds()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IProviderGrain provider = await lab.ServeAsync(1);
        DateTimeOffset first = (await provider.GetAsync())!.LastSeenAt;

        lab.Clock.Pass(TimeSpan.FromSeconds(10));
        await provider.BeatAsync(lab.Clock.Beat(inFlight: 3));
        Assert.Equal(first, (await provider.GetAsync())!.LastSeenAt);

        lab.Clock.Pass(TimeSpan.FromSeconds(10));
        await provider.BeatAsync(lab.Clock.Beat(inFlight: 40));
        Assert.Equal((lab.Clock.Now, 40), ((await provider.GetAsync())!.LastSeenAt, (await provider.GetAsync())!.Load.RequestsInFlight));

        DateTimeOffset second = lab.Clock.Now;
        lab.Clock.Pass(TimeSpan.FromSeconds(29));
        await provider.BeatAsync(lab.Clock.Beat(inFlight: 40));
        Assert.Equal(second, (await provider.GetAsync())!.LastSeenAt);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await provider.BeatAsync(lab.Clock.Beat(inFlight: 40));
        Assert.Equal(lab.Clock.Now, (await provider.GetAsync())!.LastSeenAt);
    }

    [Theory]
    [OnEachStorage]
    public async Task Heartbeat_OldOneAgain_IsRefusedOnEverySilo(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();
        IProviderGrain provider = await lab.ServeAsync(1);
        ProviderHeartbeat old = lab.Clock.Beat();
        lab.Clock.Pass(TimeSpan.FromSeconds(30));
        await provider.BeatAsync(lab.Clock.Beat());
        lab.Clock.Pass(TimeSpan.FromSeconds(60));

        await Nodes.RefusedAsync(FleetRefusals.Replayed, () => other.Get<IProviderGrain>(Nodes.Id(1)).BeatAsync(old));
        Assert.Equal(ProviderState.Suspect, (await provider.GetAsync())!.State);
    }

    [Theory]
    [OnEachStorage]
    public async Task Drain_ByItself_EndsWhenItEnrolsAgain_ByOperator_WhenReleased(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IProviderGrain provider = await lab.ServeAsync(1);
        ProviderAdmission known = new(AdmissionKind.Known);

        Assert.Equal(ProviderState.Draining, (await provider.DrainAsync(Nodes.Id(1))).State);
        lab.Clock.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(ProviderState.Draining, (await provider.BeatAsync(lab.Clock.Beat())).State);
        Assert.Equal(ProviderState.Joining, (await provider.EnrolAsync(Nodes.Enrolment(), known)).State);

        await provider.DrainAsync(Nodes.Operator);
        Assert.Equal(ProviderState.Draining, (await provider.EnrolAsync(Nodes.Enrolment(), known)).State);
        lab.Clock.Pass(lab.Options.GoneAfter);
        Assert.Equal(ProviderState.Gone, (await provider.GetAsync())!.State);
        Assert.Equal(ProviderState.Draining, (await provider.EnrolAsync(Nodes.Enrolment(), known)).State);
        Assert.Equal(ProviderState.Joining, (await provider.ReleaseAsync(Nodes.Operator)).State);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(ProviderState.Serving, (await provider.BeatAsync(lab.Clock.Beat())).State);
        await Nodes.RefusedAsync(FleetRefusals.WrongState, () => provider.ReleaseAsync(Nodes.Operator));
    }

    [Theory]
    [OnEachStorage]
    public async Task Quarantine_NothingTheNodeDoesEndsIt(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        IProviderGrain provider = await lab.ServeAsync(1, Nodes.Both());
        await provider.QuarantineAsync(Nodes.Operator, "smells");

        FleetRefusedException refused = await Nodes.RefusedAsync(
            FleetRefusals.Quarantined, () => lab.Silo.Admission.EnrolAsync(Nodes.Id(1), Nodes.Enrolment()));
        Assert.Contains("smells", refused.Message);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(ProviderState.Quarantined, (await provider.BeatAsync(lab.Clock.Beat())).State);
        await Nodes.RefusedAsync(FleetRefusals.WrongState, () => provider.DrainAsync(Nodes.Id(1)));
        lab.Clock.Pass(lab.Options.ForgetProvidersAfter * 2);
        await lab.Silo.SweepAsync();
        Assert.Equal(ProviderState.Quarantined, (await provider.GetAsync())!.State);

        Assert.Equal(ProviderState.Gone, (await provider.ReleaseAsync(Nodes.Operator)).State);
        Assert.Equal(ProviderState.Joining, (await lab.Silo.Admission.EnrolAsync(Nodes.Id(1), Nodes.Enrolment())).State);
    }

    [Theory]
    [OnEachStorage]
    public async Task Approve_LetsAWaitingProviderServe(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Approve);
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(1), Nodes.Enrolment());
        IProviderGrain provider = lab.Silo.Get<IProviderGrain>(Nodes.Id(1));
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(ProviderState.Joining, (await provider.BeatAsync(lab.Clock.Beat())).State);
        Assert.Single((await lab.Silo.Providers.ListAsync(new ProviderQuery { AwaitsApproval = true })).Items);

        await provider.ApproveAsync(Nodes.Operator);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(ProviderState.Serving, (await provider.BeatAsync(lab.Clock.Beat())).State);
        Assert.Empty((await lab.Silo.Providers.ListAsync(new ProviderQuery { AwaitsApproval = true })).Items);
    }

    [Fact]
    public async Task Unknown_ProviderCalls_AreRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IProviderGrain provider = lab.Silo.Get<IProviderGrain>(Nodes.Id(1));

        Assert.Null(await provider.GetAsync());
        Assert.Null(await provider.SweepAsync());
        await Nodes.RefusedAsync(FleetRefusals.EnrolAgain, () => provider.BeatAsync(lab.Clock.Beat()));
        await Nodes.RefusedAsync(FleetRefusals.EnrolAgain, () => provider.DrainAsync(Nodes.Operator));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => provider.ApproveAsync(Nodes.Operator));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => provider.QuarantineAsync(Nodes.Operator, ""));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => provider.ReleaseAsync(Nodes.Operator));
        await Nodes.RefusedAsync(FleetRefusals.NotAdmitted, () => provider.EnrolAsync(Nodes.Enrolment(),
            new ProviderAdmission(AdmissionKind.Known)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid,
            () => lab.Silo.Get<IProviderGrain>("ed25519:00").EnrolAsync(Nodes.Enrolment(), new ProviderAdmission(AdmissionKind.Open)));
    }

    [Fact]
    public async Task Flood_OfUnknownProviders_IsBounded()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory", options =>
            (options.InitialPolicy, options.MaxJoining) = (AdmissionPolicy.Approve, 5));
        for (int node = 0; node < 5; node++)
        {
            await lab.Silo.Admission.EnrolAsync(Nodes.Id(node), Nodes.Enrolment());
        }

        await Nodes.RefusedAsync(FleetRefusals.TooMany, () => lab.Silo.Admission.EnrolAsync(Nodes.Id(99), Nodes.Enrolment()));
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(1), Nodes.Enrolment());
    }
}
