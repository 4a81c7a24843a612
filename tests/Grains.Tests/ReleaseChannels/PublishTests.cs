using System.Text;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Tests.ReleaseChannels;

[Collection("Fleet")]
public class PublishTests(FleetStorages storages)
{
    [Theory]
    [OnEachStorage]
    public async Task Publish_SignedAndNewer_IsCurrentAndItsBytesAreKept(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        ReleaseProposal proposal = Releases.Proposal(1);

        ReleaseView published = await lab.Silo.Publisher.PublishAsync(Releases.Channel(), proposal);

        ReleaseChannelView channel = (await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).GetAsync())!;
        Assert.Equal(published.Manifest, channel.Current.Manifest);
        Assert.Equal((1, "v1", Nodes.Operator), (channel.Current.Release, channel.Current.Version, channel.Current.PublishedBy));
        Assert.Equal<string>([Releases.Key.PublicKey.KeyId], channel.Current.Signers);
        ReadOnlyMemory<byte>? bytes = await lab.Silo.Get<IManifestGrain>(published.Manifest).GetAsync();
        Assert.Equal(Encoding.UTF8.GetString(proposal.Manifest.Span), Encoding.UTF8.GetString(bytes!.Value.Span));
        Assert.Equal<string>([Releases.Stable], (await lab.Silo.Channels.ListAsync()).Items.Select(found =>
            $"{found.Channel}/{found.Arch}"));
    }

    [Theory]
    [OnEachStorage]
    public async Task Publish_AnotherSiloAsksForTheNewest_SeesIt(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        FleetSilo other = await lab.AddSiloAsync();
        Assert.Null(await other.Get<IReleaseChannelGrain>(Releases.Stable).GetAsync());

        await lab.Silo.PublishAsync(7);

        using IDisposable newest = FleetSilo.Newest();
        Assert.Equal(7, (await other.Get<IReleaseChannelGrain>(Releases.Stable).GetAsync())!.Current.Release);
    }

    [Theory]
    [OnEachStorage]
    public async Task Publish_TheSameAgain_ChangesNothing(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(1);

        ReleaseView again = await lab.Silo.PublishAsync(1);

        Assert.Equal(1, again.Release);
        Assert.Single(await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).GetHistoryAsync(50));
    }

    [Fact]
    public async Task Publish_WhatBreaksARule_IsRefusedByItsName()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        await lab.Silo.PublishAsync(5);

        await Refused(FleetRefusals.ReleaseNotNewer, Releases.Proposal(5, "two"));
        await Refused(FleetRefusals.ReleaseNotNewer, Releases.Proposal(4));
        await Refused(FleetRefusals.ReleaseNotNewer, Releases.Proposal(null));
        await Refused(FleetRefusals.ManifestNotTrusted, Releases.Proposal(6, key: Releases.OtherKey));
        await Refused(FleetRefusals.ManifestOfOtherChannel, Releases.Proposal(6, channel: "testing/x86_64"));
        await Refused(FleetRefusals.ManifestOfOtherChannel, Releases.Proposal(6, channel: "stable/arm64"));
        await Refused(FleetRefusals.ManifestExpired, Releases.Proposal(6, expires: lab.Clock.Now));
        await Refused(FleetRefusals.ManifestMalformed, new ReleaseProposal { Manifest = "{}"u8.ToArray() });
        await Refused(FleetRefusals.ManifestMalformed, new ReleaseProposal { Manifest = new byte[(1 << 20) + 1] });
        await Refused(FleetRefusals.ManifestMalformed, new ReleaseProposal());
        await Refused(FleetRefusals.Invalid, Releases.Proposal(6, percent: 101));
        await Refused(FleetRefusals.Invalid, Releases.Proposal(6, percent: -1));
        await Refused(FleetRefusals.Invalid, Releases.Proposal(6) with { Actor = new string('a', 300) });
        Assert.Equal(5, (await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).GetAsync())!.Current.Release);

        Task Refused(string slug, ReleaseProposal proposal) =>
            Nodes.RefusedAsync(slug, () => lab.Silo.Publisher.PublishAsync(Releases.Channel(), proposal));
    }

    [Fact]
    public async Task Publish_TamperedManifest_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        byte[] tampered = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(Releases.Proposal(1).Manifest.Span).Replace("\"v1\"", "\"v2\"", StringComparison.Ordinal));

        await Nodes.RefusedAsync(FleetRefusals.ManifestNotTrusted,
            () => lab.Silo.Publisher.PublishAsync(Releases.Channel(), new ReleaseProposal { Manifest = tampered }));
    }

    [Fact]
    public async Task Publish_BytesWereNotStored_IsRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        await Nodes.RefusedAsync(FleetRefusals.ManifestNotStored,
            () => lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).PublishAsync(Releases.Proposal(1)));
    }

    [Fact]
    public async Task Publish_NobodyIsTrusted_SaysSo()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory", options => options.TrustedKeys = []);

        await Nodes.RefusedAsync(FleetRefusals.NoTrustedKeys, () => lab.Silo.PublishAsync(1));
    }

    [Theory]
    [InlineData("stable/amd64")]
    [InlineData("stable")]
    [InlineData("Stable/x86_64")]
    [InlineData("stable/x86_64/more")]
    [InlineData("'; DROP TABLE grains; --/x86_64")]
    public async Task Publish_KeyThatIsNoChannel_IsRefused(string key)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Get<IReleaseChannelGrain>(key).PublishAsync(Releases.Proposal(1)));
    }

    [Theory]
    [OnEachStorage]
    public async Task Trust_OfTheChannelItself_TakesThePlaceOfTheConfigured(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        await channel.SetTrustAsync(new ReleaseChannelTrust([Releases.OtherKey.PublicKey.KeyId]));

        await Nodes.RefusedAsync(FleetRefusals.ManifestNotTrusted, () => lab.Silo.PublishAsync(1));
        await lab.Silo.Publisher.PublishAsync(Releases.Channel(), Releases.Proposal(1, key: Releases.OtherKey));
        await channel.SetTrustAsync(new ReleaseChannelTrust([]));
        await lab.Silo.PublishAsync(2);

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => channel.SetTrustAsync(new ReleaseChannelTrust(["no key"])));
        await Nodes.RefusedAsync(FleetRefusals.Invalid,
            () => channel.SetTrustAsync(new ReleaseChannelTrust([Releases.Key.PublicKey.KeyId], Threshold: 2)));
    }

    [Theory]
    [OnEachStorage]
    public async Task Promote_ManifestRepeatsTheOtherChannel_IsPublished(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(90, "tested", "testing/x86_64");
        ReleaseProposal promotion = Releases.Proposal(3, "tested") with { Origin = ReleaseOrigin.Promoted, PromotedFrom = "testing" };

        ReleaseView promoted = await lab.Silo.Publisher.PublishAsync(Releases.Channel(), promotion);

        Assert.Equal((ReleaseOrigin.Promoted, "testing", 3), (promoted.Origin, promoted.Repeats, promoted.Release));
        await Nodes.RefusedAsync(FleetRefusals.ArtifactsDiffer, () => lab.Silo.Publisher.PublishAsync(Releases.Channel(),
            Releases.Proposal(4, "other") with { Origin = ReleaseOrigin.Promoted, PromotedFrom = "testing" }));
        await Nodes.RefusedAsync(FleetRefusals.NotFound, () => lab.Silo.Publisher.PublishAsync(Releases.Channel(),
            Releases.Proposal(4) with { Origin = ReleaseOrigin.Promoted, PromotedFrom = "nightly" }));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Publisher.PublishAsync(Releases.Channel(),
            Releases.Proposal(4) with { Origin = ReleaseOrigin.Promoted, PromotedFrom = "stable" }));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => lab.Silo.Publisher.PublishAsync(Releases.Channel(),
            Releases.Proposal(4) with { Origin = ReleaseOrigin.Promoted }));
    }

    [Theory]
    [OnEachStorage]
    public async Task RollBack_NewManifestWithEarlierArtifacts_IsPublished(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        await lab.Silo.PublishAsync(1, "good");
        await lab.Silo.PublishAsync(2, "bad");

        ReleaseView back = await lab.Silo.Publisher.PublishAsync(
            Releases.Channel(), Releases.Proposal(3, "good") with { Origin = ReleaseOrigin.RolledBack });

        Assert.Equal((3, "1"), (back.Release, back.Repeats));
        Assert.Equal([3, 2, 1], (await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).GetHistoryAsync(50)).Select(release =>
            release.Release));
        await Nodes.RefusedAsync(FleetRefusals.ArtifactsDiffer, () => lab.Silo.Publisher.PublishAsync(
            Releases.Channel(), Releases.Proposal(4, "never seen") with { Origin = ReleaseOrigin.RolledBack }));
    }

    [Fact]
    public async Task History_IsBounded_AndForgottenManifestsGo()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        ReleaseView first = await lab.Silo.PublishAsync(1);
        for (int release = 2; release <= ReleaseChannelLimits.MaxHistory + 1; release++)
        {
            await lab.Silo.PublishAsync(release);
        }

        IReleaseChannelGrain channel = lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable);
        Assert.Equal(ReleaseChannelLimits.MaxHistory, (await channel.GetHistoryAsync(ReleaseChannelLimits.MaxHistory)).Length);
        Assert.Null(await lab.Silo.Get<IManifestGrain>(first.Manifest).GetAsync());
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => channel.GetHistoryAsync(0));
        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => channel.GetHistoryAsync(51));
    }

    [Fact]
    public async Task Manifest_BytesOfAnotherDigest_AreRefused()
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, "memory");
        IManifestGrain manifest = lab.Silo.Get<IManifestGrain>(Releases.Digest("this").ToString());

        await Nodes.RefusedAsync(FleetRefusals.Invalid, () => manifest.StoreAsync("that"u8.ToArray()));
        Assert.False(await manifest.IsStoredAsync());
    }

    [Theory]
    [OnEachStorage]
    public async Task Manifest_OfTheLargestSize_IsStored(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        byte[] large = new byte[1 << 20];
        new Random(7).NextBytes(large);
        IManifestGrain manifest = lab.Silo.Get<IManifestGrain>(Sha256Digest.Compute(large).ToString());

        await manifest.StoreAsync(large);

        Assert.True((await manifest.GetAsync())!.Value.Span.SequenceEqual(large));
    }

    [Theory]
    [OnEachStorage]
    public async Task Artifacts_OfferedAndNoMore_KnowTheirChannels(string storage)
    {
        await using FleetLab lab = await FleetLab.StartAsync(storages, storage);
        ReleaseView release = await lab.Silo.PublishAsync(1, "one");
        ArtifactView kernel = (await lab.Silo.Get<IArtifactGrain>(Releases.DigestOf(ArtifactKind.Kernel)).GetAsync())!;
        Assert.Equal(("kernel", 100_000, 65_536, 2), (kernel.Kind, kernel.SizeBytes, kernel.ChunkSizeBytes, kernel.ChunkCount));
        Assert.Equal(release.Manifest, kernel.Manifest);

        await lab.Silo.PublishAsync(2, "two");
        await lab.Silo.PublishAsync(3, "three");

        Assert.Empty((await lab.Silo.Get<IArtifactGrain>(Releases.DigestOf(ArtifactKind.Kernel)).GetAsync())!.Channels);
        Assert.Equal(0, (await lab.Silo.Get<IArtifactGrain>(Releases.DigestOf(ArtifactKind.Kernel)).GetAsync())!.ReplicasWanted);
        Assert.Equal<string>([Releases.Stable], (await lab.Silo.Get<IArtifactGrain>(Releases.DigestOf(ArtifactKind.Kernel,
            "two")).GetAsync())!.Channels);
        await lab.Silo.Get<IReleaseChannelGrain>(Releases.Stable).RetellAsync();
        Assert.Empty((await lab.Silo.Get<IArtifactGrain>(Releases.DigestOf(ArtifactKind.Kernel)).GetAsync())!.Channels);
    }
}
