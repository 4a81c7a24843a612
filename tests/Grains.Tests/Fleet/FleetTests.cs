namespace PhaseMesh.Grains.Tests.Fleet;

[Collection("Fleet")]
public class FleetTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Operators_FirstAtSetUp_OthersByOperators_NeverNone(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.OperatorKeys = []);
        IFleetGrain fleet = lab.Silo.Fleet;
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => fleet.AddOperatorAsync(Nodes.Id(1), "a", Nodes.Id(1)));

        await fleet.InitialiseAsync(Nodes.Id(1), "first");
        await fleet.InitialiseAsync(Nodes.Id(1), "first");
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => fleet.InitialiseAsync(Nodes.Id(2), "intruder"));
        await fleet.AddOperatorAsync(Nodes.Id(3), "third", Nodes.Id(1));
        await fleet.AddOperatorAsync(Nodes.Id(3), "third", Nodes.Id(1));
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => fleet.AddOperatorAsync(Nodes.Id(4), "x", Nodes.Id(4)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => fleet.AddOperatorAsync("key", "x", Nodes.Id(1)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => fleet.AddOperatorAsync(Nodes.Id(5), new string('x', 129), Nodes.Id(1)));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => fleet.RemoveOperatorAsync(Nodes.Id(9), Nodes.Id(1)));
        await fleet.RemoveOperatorAsync(Nodes.Id(1), Nodes.Id(3));
        await Nodes.RefusedAsync(FleetRefusals.LastOperator, () => fleet.RemoveOperatorAsync(Nodes.Id(3), Nodes.Id(3)));

        Assert.True(await fleet.IsOperatorAsync(Nodes.Id(3)));
        Assert.False(await fleet.IsOperatorAsync(Nodes.Id(1)));
        Assert.Equal<string>([Nodes.Id(3)], (await fleet.GetAsync()).Operators.Select(known => known.Key));
    }

    [Fact]
    public async Task Operators_OfTheConfiguration_AreSuch()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        Assert.True(await lab.Silo.Fleet.IsOperatorAsync(Nodes.Operator));
        await lab.Silo.Fleet.AddOperatorAsync(Nodes.Id(1), "a", Nodes.Operator);
    }

    [Theory]
    [OnEachStorage]
    public async Task Policy_DecidesWhoGetsIn(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        string token = await lab.Silo.Get<IJoinTokenGrain>(FleetSecret.NewTokenId()).MintAsync(Terms(maxUses: 10));
        int node = 0;

        Assert.Equal(AdmissionPolicy.Ticket, (await lab.Silo.Fleet.GetAsync()).Policy);
        Assert.Equal(
            [null, AdmissionKind.Ticket, AdmissionKind.Token],
            await TryAllAsync(AdmissionPolicy.Ticket));
        Assert.Equal([null, null, AdmissionKind.Token], await TryAllAsync(AdmissionPolicy.Token));
        Assert.Equal([AdmissionKind.Open, AdmissionKind.Ticket, AdmissionKind.Token], await TryAllAsync(AdmissionPolicy.Open));
        Assert.Equal([AdmissionKind.Approval, AdmissionKind.Approval, AdmissionKind.Token], await TryAllAsync(AdmissionPolicy.Approve));
        Assert.Equal(2, (await lab.Silo.Providers.ListAsync(new ProviderQuery { AwaitsApproval = true })).Items.Length);
        Assert.Equal(AdmissionKind.Silo, (await lab.Silo.Admission.EnrolSiloAsync(Nodes.Id(500), Nodes.Enrolment())).Admission);
        await Nodes.RefusedAsync(FleetRefusals.NotAllowed, () => lab.Silo.Fleet.SetPolicyAsync(AdmissionPolicy.Open, Nodes.Id(1)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Fleet.SetPolicyAsync((AdmissionPolicy)9, Nodes.Operator));

        async Task<AdmissionKind?[]> TryAllAsync(AdmissionPolicy policy)
        {
            await lab.Silo.Fleet.SetPolicyAsync(policy, Nodes.Operator);
            string ticket = (await lab.Silo.Get<IBootSessionGrain>(Nodes.Boot(++node)).CreateAsync(Nodes.Creation(1))).Ticket!;
            return [await TryAsync(null, null), await TryAsync(ticket, null), await TryAsync(null, token)];
        }

        async Task<AdmissionKind?> TryAsync(string? ticket, string? joinToken)
        {
            try
            {
                return (await lab.Silo.Admission.EnrolAsync(Nodes.Id(100 + ++node), Nodes.Enrolment(), ticket, joinToken)).Admission;
            }
            catch (FleetRefusedException refused) when (refused.Slug == FleetRefusals.NotAdmitted)
            {
                return null;
            }
        }
    }

    [Theory]
    [OnEachStorage]
    public async Task Token_ManyProvidersOnTwoSilosAtOnce_IsGoodForItsUses(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();
        string id = FleetSecret.NewTokenId();
        string token = await lab.Silo.Get<IJoinTokenGrain>(id).MintAsync(Terms(maxUses: 3));

        bool[] admitted = await Task.WhenAll(Enumerable.Range(1, 12).Select(node => TryAsync(node % 2 == 0 ? lab.Silo : other, node)));

        Assert.Equal(3, admitted.Count(isAdmitted => isAdmitted));
        Assert.Equal(3, (await lab.Silo.Tokens.ListAsync()).Items.Single().UsedBy.Length);

        async Task<bool> TryAsync(FleetSilo silo, int node)
        {
            try
            {
                await silo.Admission.EnrolAsync(Nodes.Id(node), Nodes.Enrolment(), token: token);
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
    public async Task Token_ExpiredRevokedOrForged_IsRefused_AndForgottenLater(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IJoinTokenGrain expiring = lab.Silo.Get<IJoinTokenGrain>("00000000000000aa");
        IJoinTokenGrain revoked = lab.Silo.Get<IJoinTokenGrain>("00000000000000bb");
        string one = await expiring.MintAsync(Terms());
        string two = await revoked.MintAsync(Terms(lifetime: TimeSpan.FromDays(300)));
        Assert.DoesNotContain(one[^64..],
            System.Text.Json.JsonSerializer.Serialize((await lab.Silo.StatesAsync<JoinTokenGrainState>())[0]),
            StringComparison.Ordinal);

        await Refused("pj1-00000000000000aa-" + new string('0', 64));
        await Refused("pj1-00000000000000cc" + one[20..]);
        await Refused("nonsense");
        await revoked.RevokeAsync(Nodes.Operator);
        await Refused(two);
        lab.Clock.Pass(TimeSpan.FromHours(1));
        await Refused(one);
        await Nodes.RefusedAsync(FleetRefusals.Taken, () => expiring.MintAsync(Terms()));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () =>
            lab.Silo.Get<IJoinTokenGrain>("00000000000000cc").RevokeAsync(Nodes.Operator));

        lab.Clock.Pass(TimeSpan.FromDays(8));
        await lab.Silo.SweepAsync();
        Assert.Null(await expiring.GetAsync());
        Assert.NotNull((await revoked.GetAsync())!.RevokedAt);

        Task Refused(string bad) =>
            Nodes.RefusedAsync(FleetRefusals.NotAdmitted, () => lab.Silo.Admission.EnrolAsync(Nodes.Id(10), Nodes.Enrolment(), token: bad));
    }

    [Fact]
    public async Task Token_BadTerms_AreRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        foreach (JoinTokenTerms bad in (JoinTokenTerms[])
            [Terms(maxUses: 0), Terms(maxUses: 1001), Terms(lifetime: TimeSpan.FromSeconds(59)), Terms(lifetime: TimeSpan.FromDays(367)),
                Terms() with { Name = "\n" }])
        {
            await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IJoinTokenGrain>(FleetSecret.NewTokenId()).MintAsync(bad));
        }

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IJoinTokenGrain>("XYZ").MintAsync(Terms()));
    }

    [Theory]
    [OnEachStorage]
    public async Task Nonce_OnceOnAllSilosTogether(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();

        bool[] used = await Task.WhenAll(Enumerable.Range(0, 10).Select(attempt => TryAsync(attempt % 2 == 0 ? lab.Silo : other, "same",
            lab.Clock.Now)));

        Assert.Single(used, isUsed => isUsed);
        Assert.True(await TryAsync(other, "another", lab.Clock.Now));
        Assert.False(await TryAsync(other, "old", lab.Clock.Now.AddMinutes(-11)));
        Assert.False(await TryAsync(other, "early", lab.Clock.Now.AddMinutes(11)));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<INonceGrain>(Nodes.Id(1)).UseAsync("", lab.Clock.Now));
        lab.Clock.Pass(TimeSpan.FromMinutes(11));
        await lab.Silo.SweepAsync();
        Assert.Empty(await lab.Silo.StatesAsync<NonceGrainState>());
        Assert.False(await TryAsync(other, "same", lab.Clock.Now.AddMinutes(-11)));

        async Task<bool> TryAsync(FleetSilo silo, string nonce, DateTimeOffset signedAt)
        {
            try
            {
                await silo.Get<INonceGrain>(Nodes.Id(1)).UseAsync(nonce, signedAt);
                return true;
            }
            catch (FleetRefusedException refused) when (refused.Slug == FleetRefusals.Replayed)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Nonces_OfOneKey_AreBounded()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        INonceGrain nonces = lab.Silo.Get<INonceGrain>(Nodes.Id(1));
        for (int number = 0; number < INonceGrain.MaxRemembered; number++)
        {
            await nonces.UseAsync($"n{number}", lab.Clock.Now);
        }

        await Nodes.RefusedAsync(FleetRefusals.TooMany, () => nonces.UseAsync("more", lab.Clock.Now));
        lab.Clock.Pass(TimeSpan.FromMinutes(11));
        await nonces.UseAsync("more", lab.Clock.Now);
    }

    [Fact]
    public void Options_AllFaultsAtOnce()
    {
        FleetOptions bad = new()
        {
            HeartbeatPeriod = TimeSpan.Zero,
            SuspectAfter = TimeSpan.FromSeconds(1),
            GoneAfter = TimeSpan.Zero,
            MaxJoining = 0,
            HaltFailureRate = 2,
            TrustedKeys = ["no key"],
            TrustThreshold = 2,
            TicketLifetime = TimeSpan.Zero,
        };

        Assert.Equal(8, bad.Validate().Count);
        Assert.Empty(new FleetOptions().Validate());
    }

    private static JoinTokenTerms Terms(int maxUses = 1, TimeSpan? lifetime = null) =>
        new() { Name = "rack 7", Lifetime = lifetime ?? TimeSpan.FromHours(1), MaxUses = maxUses, Actor = Nodes.Operator };
}
