using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.DirectoryTests;

public sealed class SnapshotFileTests : IDisposable
{
    private static readonly DateTimeOffset HeardAt = DateTimeOffset.UnixEpoch.AddYears(56);
    private readonly ReleaseDirectory _directory = new();
    private readonly TestRelease _release = TestRelease.Create();

    public void Dispose()
    {
        _directory.Dispose();
        _release.Dispose();
    }

    [Fact]
    public void Load_WhatWasSaved_GivesItBack()
    {
        Save();

        (IReadOnlyDictionary<string, SourceReport> reports, DateTimeOffset heardAt) = FileFor(_release).Load()!.Value;

        Assert.Equal(HeardAt, heardAt);
        SourceReport report = reports["http://a/"];
        Assert.Equal(_release.Manifest.Digest, Assert.Single(report.Releases).Digest);
        ProviderReport provider = Assert.Single(report.Providers);
        Assert.Equal(("http://a/", 2.5, new ReplicaSite("ber", "r1")), (provider.ProviderId, provider.Weight, provider.Site));
        Assert.Equal(3, provider.Replicas.Count);
        Assert.Equal(("ed25519:11", 2, "http://b/"), (provider.ClaimedKey, provider.Urls.Count, provider.Urls[1].ToString()));
        Assert.Equal(["ed25519:22"], report.Quarantined);
    }

    [Fact]
    public void Load_KeysAreNoLongerTrusted_ForgetsTheRelease()
    {
        Save();
        using TestRelease stranger = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });

        Assert.Empty(FileFor(stranger).Load()!.Value.Reports["http://a/"].Releases);
    }

    [Fact]
    public void Load_AManifestWasChanged_ForgetsTheRelease()
    {
        Save();
        JsonNode stored = JsonNode.Parse(File.ReadAllText(FileFor(_release).FullPath))!;
        byte[] manifest = _release.Manifest.RawBytes.ToArray();
        int at = manifest.AsSpan().IndexOf("console=ttyS0"u8);
        manifest[at] ^= 1;
        stored["sources"]![0]!["releases"]![0] = Convert.ToBase64String(manifest);
        File.WriteAllText(FileFor(_release).FullPath, stored.ToJsonString());

        Assert.Empty(FileFor(_release).Load()!.Value.Reports["http://a/"].Releases);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"format\":1,\"heard_at\":\"2026-01-01T00:00:00Z\",\"sources\":[{\"source\":null}]}")]
    [InlineData("{\"format\":1,\"heard_at\":\"2026-01-01T00:00:00Z\",\"sources\":[null]}")]
    [InlineData("{\"format\":2,\"heard_at\":\"2026-01-01T00:00:00Z\",\"sources\":[]}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[")]
    public void Load_IsNoSnapshot_IsIgnored(string text)
    {
        System.IO.Directory.CreateDirectory(_directory.At("state"));
        File.WriteAllText(FileFor(_release).FullPath, text);

        Assert.Null(FileFor(_release).Load());
    }

    private void Save() => FileFor(_release).Save(
        new Dictionary<string, SourceReport>
        {
            ["http://a/"] = new([_release.Manifest], [],
            [
                new ProviderReport(
                    "http://a/", new Uri("http://a"), new ReplicaSite("ber", "r1"), 2.5, ProviderStanding.Serving, true,
                    [.. _release.Manifest.Artifacts.Values.Select(artifact => artifact.Digest)])
                {
                    ClaimedKey = "ed25519:11", Urls = new UrlList([new Uri("http://a"), new Uri("http://b")]),
                },
            ])
            {
                Quarantined = ["ed25519:22"],
            },
        },
        HeardAt);

    private SnapshotFile FileFor(TestRelease trusted) => new(
        _directory.At("state"), new TrustedManifests(new TrustPolicy([trusted.Key.PublicKey]), TimeProvider.System),
        NullLogger<SnapshotFile>.Instance);
}
