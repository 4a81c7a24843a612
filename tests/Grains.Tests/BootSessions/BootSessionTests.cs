namespace PhaseMesh.Grains.Tests.BootSessions;

[Collection("Fleet")]
public class BootSessionTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Boot_FromCreationToJoined_IsAllThere(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        ReleaseView release = await lab.Silo.PublishAsync(4);
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        BootCreated created = await boot.CreateAsync(Nodes.Creation(1, machine: "m1"));
        Assert.Equal((4, release.Manifest), (created.Current!.Release, created.Current.Manifest));

        await SayAsync(BootPhase.Discovered, told => told with { From = [Nodes.Id(9), "http://10.0.0.9"] });
        await SayAsync(BootPhase.Manifest, told => told with { Release = 4, Version = "v4", Manifest = release.Manifest });
        await SayAsync(BootPhase.Fetching, told => told with
        {
            BytesFetched = 10,
            BytesTotal = 100,
            BytesPerSecond = 5,
            From = [Nodes.Id(9)]
        });
        await SayAsync(BootPhase.Fetching, told => told with
        {
            BytesFetched = 90,
            BytesTotal = 100,
            BytesPerSecond = 7,
            From = [Nodes.Id(8)]
        });
        await SayAsync(BootPhase.Verified);
        await SayAsync(BootPhase.Kexec);
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(50), Nodes.Enrolment(), created.Ticket);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await boot.RecordAsync(Nodes.Id(50), [Nodes.Event(BootPhase.Joined, lab.Clock.Now)]);

        BootSessionView view = (await boot.GetAsync())!;
        Assert.Equal((BootPhase.Joined, BootOutcome.Joined, lab.Clock.Now), (view.Phase, view.Outcome, view.FinishedAt));
        Assert.Equal((90, 100, 7, 4), (view.BytesFetched, view.BytesTotal, view.BytesPerSecond, view.Release));
        Assert.Equal((Nodes.Id(50), "m1", "v4", null), (view.Provider, view.MachineId, view.Version, view.Deadline));
        Assert.Equal<string>([Nodes.Id(9), Nodes.Id(8)], view.Sources);
        Assert.Equal<string>([Nodes.Id(9), "http://10.0.0.9"], view.Found.Order(StringComparer.Ordinal));
        Assert.Equal<BootPhase>([.. Enum.GetValues<BootPhase>().Where(phase => phase != BootPhase.Failed)], view.Phases.Select(phase =>
            phase.Phase));
        Assert.Equal(AdmissionKind.Ticket, (await lab.Silo.Get<IProviderGrain>(Nodes.Id(50)).GetAsync())!.Admission);

        Task SayAsync(BootPhase phase, Func<BootEvent, BootEvent>? more = null)
        {
            lab.Clock.Pass(TimeSpan.FromSeconds(1));
            BootEvent told = Nodes.Event(phase, lab.Clock.Now);
            return boot.RecordAsync(Nodes.Id(1), [more?.Invoke(told) ?? told]);
        }
    }

    [Theory]
    [OnEachStorage]
    public async Task Verified_SpeaksForTheProvidersItCameFrom(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        ReleaseView release = await lab.Silo.PublishAsync(1);
        await lab.ServeAsync(9, Nodes.Both());
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));

        await boot.RecordAsync(Nodes.Id(1),
        [
            Nodes.Event(BootPhase.Manifest, lab.Clock.Now) with { Manifest = release.Manifest, Release = 1 },
            Nodes.Event(BootPhase.Verified, lab.Clock.Now) with { From = [Nodes.Id(9), "http://unnamed"] },
        ]);

        Assert.All((await lab.Silo.Artifacts.ListReplicasAsync(Nodes.Both()[0])).Items,
            replica => Assert.Equal((ReplicaStanding.Verified, $"boot {Nodes.Boot(1)}"), (replica.Standing, replica.Evidence)));
        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Nodes.Both()[1]))!.ReplicasVerified);
    }

    [Theory]
    [OnEachStorage]
    public async Task Events_DuplicatesAndLateOnes_ChangeNothingButTheirTimes(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));
        DateTimeOffset at = lab.Clock.Now;
        await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Kexec, at.AddSeconds(9))]);

        BootSessionView view = await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Discovered, at), Nodes.Event(BootPhase.Kexec,
            at.AddSeconds(9))]);
        BootSessionView again = await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Discovered, at)]);

        Assert.Equal(BootPhase.Kexec, view.Phase);
        Assert.Equal<BootPhase>([BootPhase.Created, BootPhase.Discovered, BootPhase.Kexec], again.Phases.Select(phase => phase.Phase));
        Assert.Equal(view.UpdatedAt, again.UpdatedAt);
    }

    [Fact]
    public async Task Failed_ThenJoined_IsJoined_AndTheOtherWayRound()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        foreach (int number in (int[])[1, 2])
        {
            IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(number));
            BootCreated created = await boot.CreateAsync(Nodes.Creation(1));
            Assert.True(FleetSecret.TryParseTicket(created.Ticket, out FleetSecret? ticket));
            await boot.RedeemTicketAsync(ticket.Secret, Nodes.Id(50));
            BootPhase[] order = number == 1 ? [BootPhase.Failed, BootPhase.Joined] : [BootPhase.Joined, BootPhase.Failed];
            foreach (BootPhase phase in order)
            {
                await boot.RecordAsync(Nodes.Id(50), [Nodes.Event(phase, lab.Clock.Now)]);
            }

            Assert.Equal((BootOutcome.Joined, null), ((await boot.GetAsync())!.Outcome, (await boot.GetAsync())!.Reason));
        }
    }

    [Theory]
    [OnEachStorage]
    public async Task Silence_IsStuck_ThenLost_AndNewsEndIt(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));
        await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Fetching, lab.Clock.Now)]);

        lab.Clock.Pass(lab.Options.StuckAfter[BootPhase.Fetching]);
        Assert.True((await boot.GetAsync())!.IsStuck);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await lab.Silo.SweepAsync();
        await lab.Silo.SweepAsync();
        Assert.Single((await lab.Silo.Boots.ListAsync(new BootSessionQuery { IsStuck = true })).Items);

        lab.Clock.Pass(lab.Options.LostAfter);
        await lab.Silo.SweepAsync();
        Assert.Equal((BootOutcome.Lost, "silent"), ((await boot.GetAsync())!.Outcome, (await boot.GetAsync())!.Reason));

        await boot.RecordAsync(Nodes.Id(1), [Nodes.Event(BootPhase.Verified, lab.Clock.Now)]);
        BootSessionView view = (await boot.GetAsync())!;
        Assert.Equal((BootOutcome.Running, BootPhase.Verified, null, false), (view.Outcome, view.Phase, view.Reason, view.IsStuck));
        List<string> told = [];
        await foreach (BootFeedItem item in lab.Silo.Feed.FollowAsync(after: 0))
        {
            told.Add(item.Event.What);
            if (item.Event.What == "verified")
            {
                break;
            }
        }

        Assert.Equal(["created", "fetching", "stuck", "lost", "verified"], told);
    }

    [Theory]
    [OnEachStorage]
    public async Task Old_BootsAreForgotten_WithTheirLog(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));
        await boot.AppendLogAsync(Nodes.Id(1), "kernel says hi\0");
        Assert.Equal("kernel says hi\uFFFD", await boot.GetLogAsync());

        lab.Clock.Pass(lab.Options.KeepBootsFor + TimeSpan.FromSeconds(1));
        await lab.Silo.SweepAsync();

        Assert.Null(await boot.GetAsync());
        Assert.Equal("", await boot.GetLogAsync());
        Assert.Equal(0, (await lab.Silo.Boots.CountAsync(new BootSessionQuery())).Total);
    }

    [Fact]
    public async Task Log_KeepsBeginningAndEnd()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        await boot.CreateAsync(Nodes.Creation(1));
        foreach (char letter in "abcdefg")
        {
            await boot.AppendLogAsync(Nodes.Id(1), new string(letter, BootLimits.MaxLogLength));
        }

        string log = await boot.GetLogAsync();

        Assert.StartsWith("aaa", log, StringComparison.Ordinal);
        Assert.EndsWith("ggg", log, StringComparison.Ordinal);
        Assert.Contains($"[{3 * BootLimits.MaxLogLength} characters left out]", log);
        Assert.InRange(log.Length, 2 * BootLimits.KeptLogLength, (2 * BootLimits.KeptLogLength) + 100);
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => boot.AppendLogAsync(Nodes.Id(1), new string('a',
            BootLimits.MaxLogLength + 1)));
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => boot.AppendLogAsync(Nodes.Id(2), "a"));
    }

    [Theory]
    [OnEachStorage]
    public async Task Lists_FilterPageAndCount(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(3);
        for (int number = 1; number <= 7; number++)
        {
            lab.Clock.Pass(TimeSpan.FromSeconds(1));
            IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(number));
            await boot.CreateAsync(Nodes.Creation(number, machine: $"m{number % 2}", channel: number == 7 ? "testing" : "stable"));
            await boot.RecordAsync(Nodes.Id(number),
                [Nodes.Event(number <= 2 ? BootPhase.Failed : BootPhase.Fetching, lab.Clock.Now) with { From = ["http://a"] }]);
        }

        FleetPage<BootSessionView> first = await lab.Silo.Boots.ListAsync(new BootSessionQuery { Channel = "stable" }, limit: 4);
        FleetPage<BootSessionView> second = await lab.Silo.Boots.ListAsync(new BootSessionQuery { Channel = "stable" }, limit: 4,
            first.Next);
        Assert.Equal<string>([.. Enumerable.Range(1, 6).Reverse().Select(Nodes.Boot)], first.Items.Concat(second.Items).Select(boot =>
            boot.BootId));
        Assert.Null(second.Next);
        Assert.Equal(2, (await lab.Silo.Boots.ListAsync(new BootSessionQuery { Outcome = BootOutcome.Failed })).Items.Length);
        Assert.Equal(5, (await lab.Silo.Boots.ListAsync(new BootSessionQuery { Source = "http://a" })).Items.Length);
        Assert.Equal(4, (await lab.Silo.Boots.ListAsync(new BootSessionQuery { MachineId = "m1" })).Items.Length);
        Assert.Empty((await lab.Silo.Boots.ListAsync(new BootSessionQuery { MachineId = "m1' OR 1=1 --" })).Items);
        Assert.Equal(3, (await lab.Silo.Boots.ListAsync(new BootSessionQuery { Since = lab.Clock.Now.AddSeconds(-2) })).Items.Length);

        BootCounts counts = await lab.Silo.Boots.CountAsync(new BootSessionQuery { Release = 3 });
        Assert.Equal((6L, 2L, 4L), (counts.Total, counts.ByOutcome[BootOutcome.Failed], counts.ByPhase[BootPhase.Fetching]));
        Assert.Equal(new Dictionary<string, long> { ["no_provider"] = 2 }, counts.ByReason);
        ReleaseHealth health = await lab.Silo.Boots.GetHealthAsync(Releases.Channel(), 3, lab.Clock.Now.AddHours(-1));
        Assert.Equal(new ReleaseHealth(4, 0, 2, 0), health);
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Boots.ListAsync(new BootSessionQuery(), limit: 1001));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Boots.ListAsync(new BootSessionQuery(), after: "!"));
    }
}
