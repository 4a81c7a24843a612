namespace PhaseMesh.Grains.Tests.BootSessions;

[Collection("Fleet")]
public class TicketTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Ticket_ManyProvidersOnTwoSilosAtOnce_IsGoodForOne(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();
        string ticket = (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(Nodes.Creation(1))).Ticket!;

        bool[] admitted = await Task.WhenAll(Enumerable.Range(10, 12).Select(node => TryAsync(node % 2 == 0 ? lab.Silo : other, node)));

        Assert.Single(admitted, isAdmitted => isAdmitted);
        Assert.Single((await lab.Silo.Providers.ListAsync(new ProviderQuery())).Items);

        async Task<bool> TryAsync(FleetSilo silo, int node)
        {
            try
            {
                await silo.Admission.EnrolAsync(Nodes.Id(node), Nodes.Enrolment(), ticket);
                return true;
            }
            catch (FleetRefusedException refused) when (refused.Slug == FleetRefusals.NotAdmitted)
            {
                return false;
            }
        }
    }

    [Theory]
    [OnEachStorage]
    public async Task Ticket_SameProviderAgain_EvenAfterItExpired_IsAdmitted(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        string ticket = (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(Nodes.Creation(1))).Ticket!;
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), ticket);
        lab.Clock.Pass(lab.Options.TicketLifetime);

        await lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), ticket);
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment());

        Assert.Equal((AdmissionKind.Ticket, Nodes.Boot(1)), ((await lab.Silo.Get<IProviderGrain>(Nodes.Id(10)).GetAsync())!.Admission,
            (await lab.Silo.Get<IProviderGrain>(Nodes.Id(10)).GetAsync())!.AdmissionReference));
    }

    [Fact]
    public async Task Ticket_ExpiredForgedMissingOrMalformed_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        string ticket = (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(Nodes.Creation(1))).Ticket!;
        Assert.True(FleetSecret.TryParseTicket(ticket, out _));

        await Refused(null);
        await Refused("");
        await Refused("ticket");
        await Refused($"{ticket}0");
        await Refused($"pt1-{Nodes.Boot(1)}-{new string('0', 64)}");
        await Refused($"pt1-{Nodes.Boot(2)}-{ticket[^64..]}");
        await Refused($"pj1{ticket[3..]}");
        await Refused($"pt1-{Nodes.Boot(1)}-{new string('\'', 64)}");
        lab.Clock.Pass(lab.Options.TicketLifetime);
        await Refused(ticket);

        Task Refused(string? bad) =>
            Nodes.RefusedAsync(FleetRefusals.NotAdmitted, () => lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), bad));
    }

    [Theory]
    [OnEachStorage]
    public async Task Create_Again_VoidsTheTicketBefore_AndTheSameRequestIsRefused(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IBootSessionGrain boot = lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1));
        string first = (await boot.CreateAsync(Nodes.Creation(1, "n1"))).Ticket!;
        string second = (await boot.CreateAsync(Nodes.Creation(1, "n2"))).Ticket!;

        Assert.NotEqual(first, second);
        await Nodes.RefusedAsync(FleetRefusals.Replayed, () => boot.CreateAsync(Nodes.Creation(1, "n1")));
        await Nodes.RefusedAsync(FleetRefusals.Taken, () => boot.CreateAsync(Nodes.Creation(2, "n3")));
        await Nodes.RefusedAsync(FleetRefusals.NotAdmitted, () => lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), first));
        await lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), second);
        Assert.Null((await boot.CreateAsync(Nodes.Creation(1, "n4"))).Ticket);
        for (int again = 5; again <= 9; again++)
        {
            await boot.CreateAsync(Nodes.Creation(1, $"n{again}"));
        }

        await Nodes.RefusedAsync(FleetRefusals.TooMany, () => boot.CreateAsync(Nodes.Creation(1, "n10")));
    }

    [Fact]
    public async Task Ticket_IsKeptAsItsHashOnly()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        string ticket = (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(1)).CreateAsync(Nodes.Creation(1))).Ticket!;

        BootSessionGrainState state = (await lab.Silo.StatesAsync<BootSessionGrainState>())[0];

        Assert.DoesNotContain(ticket[^64..], System.Text.Json.JsonSerializer.Serialize(state), StringComparison.Ordinal);
        Assert.True(FleetSecret.Matches(ticket[^64..], state.TicketHash));
    }
}
