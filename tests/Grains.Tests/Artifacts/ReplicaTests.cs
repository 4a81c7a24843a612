using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Tests.Artifacts;

[Collection("Fleet")]
public class ReplicaTests(FleetStorages storages)
{
    private static readonly string Kernel = Releases.DigestOf(ArtifactKind.Kernel);

    [Theory]
    [OnEachStorage]
    public async Task UnderReplicated_OfferedArtifacts_UntilEnoughProvidersServe(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        await lab.Silo.PublishAsync(1);
        Assert.Equal(2, (await lab.Silo.Artifacts.ListUnderReplicatedAsync()).Length);

        await lab.ServeAsync(1, Nodes.Both());
        ArtifactView under = (await lab.Silo.Artifacts.ListUnderReplicatedAsync())[0];
        Assert.Equal((1L, 0L, 2), (under.ReplicasLive, under.ReplicasVerified, under.ReplicasWanted));

        await lab.ServeAsync(2, Nodes.Both());
        Assert.Empty(await lab.Silo.Artifacts.ListUnderReplicatedAsync());

        await lab.Silo.Get<IArtifactGrain>(Kernel).SetReplicasWantedAsync(3);
        Assert.Equal<string>([Kernel], (await lab.Silo.Artifacts.ListUnderReplicatedAsync()).Select(artifact => artifact.Digest));
        Assert.Equal(2, (await lab.Silo.Artifacts.ListReplicasAsync(Kernel)).Items.Length);
        Assert.Equal(2, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
        Assert.Equal(2, (await lab.Silo.Artifacts.ListAsync()).Items.Single(artifact => artifact.Digest == Kernel).ReplicasLive);
    }

    [Theory]
    [OnEachStorage]
    public async Task Replicas_ProviderGoesOrDrains_AreWithdrawn(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        await lab.Silo.PublishAsync(1);
        IProviderGrain one = await lab.ServeAsync(1, Nodes.Both());
        await lab.ServeAsync(2, Nodes.Both());

        await one.DrainAsync(Nodes.Id(1));
        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);

        lab.Clock.Pass(lab.Options.GoneAfter);
        await lab.Silo.SweepAsync();
        Assert.Equal(0, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
    }

    [Theory]
    [OnEachStorage]
    public async Task Replicas_SiloDiedBeforeItToldThem_CountNoLongerThanTheirLease(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        await lab.Silo.PublishAsync(1);
        await lab.Silo.Get<IReplicaGrain>($"{Kernel}/{Nodes.Id(1)}").ReportAsync();
        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);

        lab.Clock.Pass(lab.Options.ReplicaLease + TimeSpan.FromSeconds(1));

        Assert.Equal(0, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
    }

    [Theory]
    [OnEachStorage]
    public async Task Replicas_ProviderKeepsServing_KeepTheirLease(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        await lab.Silo.PublishAsync(1);
        IProviderGrain provider = await lab.ServeAsync(1, Nodes.Both());

        for (int beat = 0; beat < 80; beat++)
        {
            lab.Clock.Pass(TimeSpan.FromSeconds(30));
            await provider.BeatAsync(lab.Clock.Beat());
        }

        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
    }

    [Theory]
    [OnEachStorage]
    public async Task Heartbeat_OtherReplicas_ChangesWhoHasThem(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage, options => options.InitialPolicy = AdmissionPolicy.Open);
        await lab.Silo.PublishAsync(1);
        IProviderGrain provider = await lab.ServeAsync(1, Nodes.Both());

        lab.Clock.Pass(TimeSpan.FromSeconds(1));
        await provider.BeatAsync(lab.Clock.Beat(replicas: [Releases.DigestOf(ArtifactKind.Initramfs)]));

        Assert.Equal(0, (await lab.Silo.Artifacts.FindAsync(Kernel))!.ReplicasLive);
        Assert.Equal(1, (await lab.Silo.Artifacts.FindAsync(Releases.DigestOf(ArtifactKind.Initramfs)))!.ReplicasLive);
        Assert.Equal(ReplicaStanding.Withdrawn, (await lab.Silo.Get<IReplicaGrain>($"{Kernel}/{Nodes.Id(1)}").GetAsync())!.Standing);
    }

    [Fact]
    public async Task Standing_GoesItsWay_AndRefutedStays()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IReplicaGrain replica = lab.Silo.Get<IReplicaGrain>($"{Kernel}/{Nodes.Id(1)}");
        await replica.VerifyAsync("nobody");
        Assert.Null(await replica.GetAsync());

        await replica.ReportAsync();
        Assert.Equal(ReplicaStanding.Reported, (await replica.GetAsync())!.Standing);
        await replica.VerifyAsync("boot 1");
        Assert.Equal((ReplicaStanding.Verified, "boot 1"), ((await replica.GetAsync())!.Standing, (await replica.GetAsync())!.Evidence));
        await replica.WithdrawAsync();
        await replica.ReportAsync();
        Assert.Equal(ReplicaStanding.Verified, (await replica.GetAsync())!.Standing);
        await replica.RefuteAsync("lied");
        await replica.ReportAsync();
        await replica.VerifyAsync("friend");
        await replica.WithdrawAsync();
        Assert.Equal((ReplicaStanding.Refuted, "lied"), ((await replica.GetAsync())!.Standing, (await replica.GetAsync())!.Evidence));
        await replica.ForgiveAsync();
        await replica.ReportAsync();
        Assert.Equal(ReplicaStanding.Reported, (await replica.GetAsync())!.Standing);
    }

    [Fact]
    public async Task Artifact_BadCalls_AreRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        await lab.Silo.PublishAsync(1);

        await Nodes.RefusedAsync(FleetRefusals.NotFound,
            () => lab.Silo.Get<IArtifactGrain>(Releases.Digest("x").ToString()).SetReplicasWantedAsync(1));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IArtifactGrain>(Kernel).SetReplicasWantedAsync(-1));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IArtifactGrain>(Kernel).SetReplicasWantedAsync(10_001));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () =>
            lab.Silo.Get<IArtifactGrain>(Kernel).DescribeAsync(new ArtifactDescription()));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IReplicaGrain>("sha256:x/y").ReportAsync());
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Artifacts.ListAsync(limit: 0));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Artifacts.ListAsync(after: "no cursor"));
        Assert.Null(await lab.Silo.Artifacts.FindAsync(Releases.Digest("x").ToString()));
    }
}
