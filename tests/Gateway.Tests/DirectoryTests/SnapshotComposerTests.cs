using PhaseMesh.Gateway.Directory;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.DirectoryTests;

public sealed class SnapshotComposerTests : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);
    private readonly SnapshotComposer _composer = new();
    private readonly TestRelease _old = TestRelease.Create(new TestReleaseOptions { Release = 1, ContentSeed = 1 });
    private readonly TestRelease _new = TestRelease.Create(new TestReleaseOptions { Release = 2, ContentSeed = 9 });

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
    }

    [Fact]
    public void Compose_TwoReleases_ServesTheNewestAndKnowsBoth()
    {
        DirectorySnapshot snapshot = Compose(Now, Serves("http://a", _old), Serves("http://b", _new));

        Assert.Equal([_new.Manifest.Digest, _old.Manifest.Digest], snapshot.Releases.Select(release => release.Manifest.Digest));
        Assert.Equal("http://a", Assert.Single(snapshot.Replicas[KernelOf(_old)]).ProviderId);
        Assert.Equal("http://b", Assert.Single(snapshot.Replicas[KernelOf(_new)]).ProviderId);
    }

    [Fact]
    public void Compose_AnAuthoritativeSourceNamesTheOlder_ServesThat()
    {
        SourceReport silos = Serves("http://a", _old) with { IsAuthoritative = true, Staged = [_new.Manifest] };

        Assert.Equal(_old.Manifest.Digest, Compose(Now, Serves("http://b", _new), silos).Releases[0].Manifest.Digest);
    }

    [Fact]
    public void Compose_AReleaseIsReplaced_KeepsItForAWhile()
    {
        Compose(Now, Serves("http://a", _old));
        DirectorySnapshot soon = Compose(Now.AddMinutes(9), Serves("http://a", _new));
        DirectorySnapshot late = Compose(Now.AddMinutes(11), Serves("http://a", _new));

        Assert.Equal(2, soon.Releases.Count);
        Assert.Single(soon.Replicas[KernelOf(_old)]);
        Assert.Single(late.Releases);
        Assert.False(late.Replicas.ContainsKey(KernelOf(_old)));
    }

    [Fact]
    public void Compose_AReleaseExpires_DropsIt()
    {
        using TestRelease brief = TestRelease.Create(new TestReleaseOptions { Release = 3, Expires = Now.AddMinutes(1) });

        Assert.Equal(brief.Manifest.Digest, Compose(Now, Serves("http://a", brief)).Releases[0].Manifest.Digest);
        Assert.Empty(Compose(Now.AddMinutes(1), Serves("http://a", brief)).Releases);
    }

    [Fact]
    public void Compose_OneIsSilent_IsAskedOnlyWhenNobodyElseIsLeft()
    {
        SourceReport silent = Serves("http://a", _old, ProviderStanding.Silent);

        Assert.True(Assert.Single(Compose(Now, silent).Replicas[KernelOf(_old)]).IsHealthy);
        Assert.Equal(
            [false, true], Compose(Now, silent, Serves("http://b", _old)).Replicas[KernelOf(_old)].Select(replica => replica.IsHealthy));
        Assert.False(Assert.Single(Compose(Now, Serves("http://a", _old, ProviderStanding.Draining)).Replicas[KernelOf(_old)]).IsHealthy);
    }

    [Fact]
    public void Compose_TheSameAgain_SaysTheSame() =>
        Assert.True(SnapshotComposer.SayTheSame(
            Compose(Now, Serves("http://a", _old)), Compose(Now.AddSeconds(1), Serves("http://a", _old))));

    [Fact]
    public void Compose_AKeyIsQuarantined_WhoClaimsItIsNotNamed_WhateverItsUrl()
    {
        const string Key = "ed25519:11";
        SourceReport broken = Claims(Serves("http://a", _old), Key);
        SourceReport silos = new([], [], [], IsAuthoritative: true) { Quarantined = [Key] };

        Assert.Equal(
            ["http://b/"], Compose(Now, broken, Serves("http://b", _old), silos).Replicas[KernelOf(_old)].Select(each => each.BaseUrl.ToString()));
        Assert.Empty(Compose(Now, broken, silos).Replicas);
        Assert.Single(Compose(Now, broken, silos with { Quarantined = [] }).Replicas[KernelOf(_old)]);
    }

    private static SourceReport Claims(SourceReport report, string key) =>
        report with { Providers = [.. report.Providers.Select(provider => provider with { ClaimedKey = key })] };

    private DirectorySnapshot Compose(DateTimeOffset now, params SourceReport[] reports) => _composer.Compose(reports, 1, now);

    private static Sha256Digest KernelOf(TestRelease release) => release.Manifest.Artifacts[ArtifactKind.Kernel].Digest;

    private static SourceReport Serves(string url, TestRelease release, ProviderStanding standing = ProviderStanding.Serving) => new(
        [release.Manifest], [],
        [
            new ProviderReport(
                url, new Uri(url), ReplicaSite.Unknown, 1, standing, true,
                [.. release.Manifest.Artifacts.Values.Select(artifact => artifact.Digest)]),
        ]);
}
