using System.Text.Json;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Catalog;

/// <summary>Releases with a manifest of their own: as a whole or not at all.</summary>
public sealed class OperatorReleaseTests
{
    [Fact]
    public async Task SignedManifest_IsServedByteForByteWithItsPathsAndSigner()
    {
        BootManifest? manifest = null;
        await using ServingScene scene = await new ServingScene().ServeAsync(scene =>
        {
            manifest = SignedRelease.For(scene, 7);
            scene.Write("manifest.json", manifest.RawBytes.ToArray());
        });
        Assert.Equal(manifest!.RawBytes.ToArray(), await scene.Client.GetByteArrayAsync("/manifest.json"));
        Assert.Equal(scene.Read("kernel"), await scene.Client.GetByteArrayAsync("/artifacts/kernel"));

        JsonElement release = (await scene.GetJsonAsync("/")).GetProperty("releases").EnumerateArray().Single();
        Assert.Equal("serving", release.GetProperty("state").GetString());
        Assert.Equal(7, release.GetProperty("release").GetInt64());
        Assert.Equal(SignedRelease.OperatorKey.PublicKey.KeyId, release.GetProperty("signers")[0].GetString());
        Assert.Equal(3, release.GetProperty("artifacts").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, release.GetProperty("problem").ValueKind);
    }

    [Fact]
    public async Task ManifestBeforeItsFiles_OldReleaseServesUntilTheLastFileIsRight()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene => scene.Write("manifest.json", SignedRelease.For(scene, 1).RawBytes.ToArray()));
        Release old = scene.Serving;
        Dictionary<string, byte[]> next = new()
        {
            ["kernel"] = ServingScene.Content("kernel 2", 2_000_000),
            ["initramfs"] = ServingScene.Content("initramfs 2", 100_000),
        };
        BootManifest manifest = SignedRelease.For(scene, 2, contents: next);
        scene.Replace("manifest.json", manifest.RawBytes.ToArray());
        await scene.WaitForProblemAsync("waiting for the right file");
        scene.Replace("kernel", next["kernel"]);
        await scene.WaitForProblemAsync("initramfs has 300001 bytes");
        Assert.Same(old, scene.Serving);
        Assert.Equal(old.Files[Manifests.Naming.ArtifactKind.Kernel].SizeBytes, (await scene.Client.GetByteArrayAsync("/kernel")).Length);
        JsonElement[] releases = [.. (await scene.GetJsonAsync("/")).GetProperty("releases").EnumerateArray()];
        Assert.Equal(["serving", "waiting"], releases.Select(release => release.GetProperty("state").GetString()));
        Assert.Equal(2, releases[1].GetProperty("release").GetInt64());

        scene.Replace("initramfs", next["initramfs"]);
        Release served = await scene.WaitForReleaseAfterAsync(old);
        Assert.Equal(manifest.Digest, served.Manifest.Digest);
        Assert.Equal(next["kernel"], await scene.Client.GetByteArrayAsync("/kernel"));
        Assert.Equal(404, (int)(await scene.Client.GetAsync("/rootfs")).StatusCode);
    }

    [Theory]
    [InlineData("unsigned", "no signature")]
    [InlineData("wrong channel", "expected stable")]
    [InlineData("bad signature", "not valid")]
    [InlineData("not json", "manifest.json")]
    [InlineData("too large", "at most 1048576")]
    [InlineData("wrong bytes", "hashes to")]
    public async Task ManifestThatIsWrong_IsRefusedAndTheOldReleaseServes(string fault, string problem)
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene => scene.Write("manifest.json", SignedRelease.For(scene, 1).RawBytes.ToArray()));
        byte[] good = SignedRelease.For(scene, 2).RawBytes.ToArray();
        byte[] wrongKernel = scene.Read("kernel");
        wrongKernel[1000] ^= 1;
        scene.Replace("manifest.json", fault switch
        {
            "unsigned" => SignedRelease.For(scene, 2, isSigned: false).RawBytes.ToArray(),
            "wrong channel" => SignedRelease.For(scene, 2, channel: "testing").RawBytes.ToArray(),
            "bad signature" => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(good).Replace("v2", "v3", StringComparison.Ordinal)),
            "not json" => "hello"u8.ToArray(),
            "too large" => new byte[BootManifest.MaxBytes + 1],
            _ => SignedRelease.For(scene, 2, contents: new Dictionary<string, byte[]>
            {
                ["kernel"] = wrongKernel,
                ["initramfs"] = scene.Read("initramfs"),
            }).RawBytes.ToArray(),
        });
        CatalogSnapshot catalog = await scene.WaitForProblemAsync(problem);
        Assert.Equal(CandidateState.Refused, catalog.Default!.Candidate!.State);
        Assert.Equal(1, catalog.Default.Serving!.Manifest.Release);
        Assert.Single(scene.Log.Lines, line => line.Text.Contains(problem, StringComparison.Ordinal));
        Assert.Equal(200, (int)(await scene.Client.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task OlderRelease_IsRefusedAlsoAfterARestart()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene => scene.Write("manifest.json", SignedRelease.For(scene, 5).RawBytes.ToArray()));
        scene.Replace("manifest.json", SignedRelease.For(scene, 4).RawBytes.ToArray());
        await scene.WaitForProblemAsync("release 4 is older than trusted 5");
        Assert.Equal(5, scene.Serving.Manifest.Release);

        await scene.RestartAsync();
        CatalogSnapshot catalog = await scene.WaitForProblemAsync("release 4 is older than trusted 5");
        Assert.Null(catalog.Default!.Serving);
        scene.Replace("manifest.json", SignedRelease.For(scene, 6).RawBytes.ToArray());
        await scene.WaitForAsync(found => found.Default!.Serving?.Manifest.Release == 6);
    }

    [Fact]
    public async Task TrustedKeys_OnlyTheirReleasesAreServed()
    {
        using Ed25519PrivateKey stranger = Ed25519PrivateKey.Generate();
        await using ServingScene scene = new()
        {
            Catalog = new CatalogOptions { PollInterval = TimeSpan.FromMilliseconds(50), TrustedKeys = [SignedRelease.OperatorKey.PublicKey] },
        };
        scene.WriteStandardFiles();
        scene.Write("manifest.json", SignedRelease.For(scene, 1, key: stranger).RawBytes.ToArray());
        await scene.StartAsync();
        await scene.WaitForProblemAsync("Manifest is signed by");
        scene.Replace("manifest.json", SignedRelease.For(scene, 1).RawBytes.ToArray());
        await scene.WaitForAsync(catalog => catalog.Default!.Serving is not null);
    }

    [Fact]
    public async Task ManifestRemoved_ItsReleaseStaysServed()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene => scene.Write("manifest.json", SignedRelease.For(scene, 1).RawBytes.ToArray()));
        Release old = scene.Serving;
        File.Delete(Path.Combine(scene.Artifacts, "manifest.json"));
        await scene.WaitForProblemAsync("is gone");
        Assert.Same(old, scene.Serving);
    }

    [Fact]
    public async Task Expired_IsServedWithAWarning()
    {
        await using ServingScene scene = await new ServingScene().ServeAsync(scene =>
            scene.Write("manifest.json", SignedRelease.For(scene, 1, expires: DateTimeOffset.UnixEpoch.AddYears(40)).RawBytes.ToArray()));
        JsonElement release = (await scene.GetJsonAsync("/")).GetProperty("releases")[0];
        Assert.Equal("serving", release.GetProperty("state").GetString());
        Assert.Contains("expired at 2010-01-01T00:00:00Z", release.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal("2010-01-01T00:00:00Z", release.GetProperty("expires").GetString());
    }
}
