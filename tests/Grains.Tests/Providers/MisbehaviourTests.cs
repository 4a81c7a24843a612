using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Tests.Providers;

[Collection("Fleet")]
public class MisbehaviourTests(FleetStorages storages)
{
    private static readonly string Kernel = Releases.DigestOf(ArtifactKind.Kernel);
    private static readonly Sha256Digest Bad = Releases.Digest("something else");

    [Theory]
    [OnEachStorage]
    public async Task Receipt_SignedByTheProvider_QuarantinesIt(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        MisbehaviourReport report = await ReportAsync(lab) with
        {
            Witness = MisbehaviourWitness.Receipt,
            ReceiptTime = lab.Clock.Now,
            ReceiptSignature = Nodes.Key(1).Sign(ServingReceipt.SignedText(Sha256Digest.Parse(Kernel), 1, Bad, lab.Clock.Now)),
        };
        IProviderGrain provider = await lab.ServeAsync(1, Nodes.Both());

        MisbehaviourVerdict verdict = await provider.ReportMisbehaviourAsync(report);

        Assert.True(verdict is { IsProven: true, IsQuarantined: true });
        Assert.Equal(ProviderState.Quarantined, (await provider.GetAsync())!.State);
        Assert.Equal(0, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
        Assert.Equal(ReplicaStanding.Refuted, (await lab.Silo.Get<IReplicaGrain>($"{Kernel}/{Nodes.Id(1)}").GetAsync())!.Standing);

        Assert.Equal(ProviderState.Joining, (await provider.ReleaseAsync(Nodes.Operator)).State);
        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await provider.BeatAsync(lab.Clock.Beat());
        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
    }

    [Fact]
    public async Task Silo_SawItItself_QuarantinesIt()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        MisbehaviourReport report = await ReportAsync(lab) with { Witness = MisbehaviourWitness.Silo, Chunk = -1 };
        IProviderGrain provider = await lab.ServeAsync(1);

        Assert.True((await provider.ReportMisbehaviourAsync(report)).IsQuarantined);
    }

    [Theory]
    [OnEachStorage]
    public async Task Words_OfEnoughServingProviders_QuarantineIt(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        MisbehaviourReport report = await ReportAsync(lab);
        IProviderGrain provider = await lab.ServeAsync(1);
        for (int node = 2; node <= 4; node++)
        {
            await lab.ServeAsync(node);
        }

        Assert.False((await SayAsync(2)).IsQuarantined);
        Assert.False((await SayAsync(2)).IsQuarantined);
        Assert.False((await SayAsync(99)).IsQuarantined);
        Assert.False((await SayAsync(3)).IsQuarantined);
        MisbehaviourVerdict verdict = await SayAsync(4);

        Assert.True(verdict is { IsProven: false, IsQuarantined: true });
        Assert.Equal(4, (await provider.GetAsync())!.Accusations.Length);

        Task<MisbehaviourVerdict> SayAsync(int node) => provider.ReportMisbehaviourAsync(report with { Reporter = Nodes.Id(node) });
    }

    [Fact]
    public async Task Words_InAnOpenFleetOrOld_QuarantineNobody()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory", options => options.InitialPolicy = AdmissionPolicy.Open);
        MisbehaviourReport report = await ReportAsync(lab);
        IProviderGrain provider = await lab.ServeAsync(1);
        for (int node = 2; node <= 6; node++)
        {
            await lab.ServeAsync(node);
            Assert.False((await provider.ReportMisbehaviourAsync(report with { Reporter = Nodes.Id(node) })).IsQuarantined);
        }

        await lab.Silo.Fleet.SetPolicyAsync(AdmissionPolicy.Ticket, Nodes.Operator);
        lab.Clock.Pass(lab.Options.AccusationWindow);
        provider = await lab.ServeAsync(1);
        await lab.ServeAsync(2);
        Assert.False((await provider.ReportMisbehaviourAsync(report with { Reporter = Nodes.Id(2) })).IsQuarantined);
    }

    [Fact]
    public async Task Accusations_AreBounded()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        MisbehaviourReport report = await ReportAsync(lab);
        IProviderGrain provider = await lab.ServeAsync(1);
        for (int node = 100; node < 140; node++)
        {
            await provider.ReportMisbehaviourAsync(report with { Reporter = Nodes.Id(node) });
        }

        Assert.Equal(ProviderLimits.MaxAccusations, (await provider.GetAsync())!.Accusations.Length);
    }

    [Fact]
    public async Task Reports_ThatShowNothing_AreRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        MisbehaviourReport report = await ReportAsync(lab);
        IProviderGrain provider = await lab.ServeAsync(1);

        await Refused(FleetRefusals.ProofDoesNotHold, report with { ActualDigest = Releases.ChunkOf(ArtifactKind.Kernel, 1).ToString() });
        await Refused(FleetRefusals.ProofDoesNotHold, report with { Manifest = Releases.Digest("none").ToString() });
        await Refused(FleetRefusals.ProofDoesNotHold, report with { Artifact = Releases.Digest("none").ToString() });
        await Refused(FleetRefusals.ProofDoesNotHold, report with { Witness = MisbehaviourWitness.Receipt });
        await Refused(FleetRefusals.ProofDoesNotHold, report with
        {
            Witness = MisbehaviourWitness.Receipt,
            ReceiptTime = lab.Clock.Now,
            ReceiptSignature = Nodes.Key(2).Sign(ServingReceipt.SignedText(Sha256Digest.Parse(Kernel), 1, Bad, lab.Clock.Now)),
        });
        await Refused(FleetRefusals.Invalid, report with { Chunk = 2 });
        await Refused(FleetRefusals.Invalid, report with { Chunk = -2 });
        await Refused(FleetRefusals.Invalid, report with { Artifact = "kernel" });
        await Refused(FleetRefusals.Invalid, report with { Reporter = "me" });
        await Refused(FleetRefusals.Invalid, report with { Reporter = Nodes.Id(1) });
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => lab.Silo.Get<IProviderGrain>(Nodes.Id(9)).ReportMisbehaviourAsync(report));
        Assert.Equal(ProviderState.Serving, (await provider.GetAsync())!.State);

        Task Refused(string slug, MisbehaviourReport bad) => Nodes.RefusedAsync(slug, () => provider.ReportMisbehaviourAsync(bad));
    }

    private static async Task<MisbehaviourReport> ReportAsync(FleetLab lab) => new()
    {
        Manifest = (await lab.Silo.PublishAsync(1)).Manifest,
        Reporter = Nodes.Id(2),
        Artifact = Kernel,
        Chunk = 1,
        ActualDigest = Bad.ToString(),
    };
}
