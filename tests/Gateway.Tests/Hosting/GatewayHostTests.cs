using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Hosting;

public class GatewayHostTests
{
    [Fact]
    public async Task Gateway_BeforeAPlasmd_AnswersAsItDoes()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri origin) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        await using GatewayScene scene = await GatewayScene.StartAsync(directory, release, [origin]);
        await scene.ReadyAsync();
        using HttpClient direct = new() { BaseAddress = origin };

        foreach (string path in (string[])["/manifest.json", "/stable/x86_64/manifest.json",
            $"/manifest.json?digest={release.Manifest.Digest}",
            "/kernel", "/stable/amd64/initramfs", "/rootfs", "/boot.ipxe", "/stable/x86_64/boot.ipxe", "/phase.cpio",
            $"/blobs/{release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest}", $"/blobs/{release.Manifest.Digest}"])
        {
            using HttpResponseMessage expected = await direct.GetAsync(path);
            using HttpResponseMessage actual = await scene.Client.GetAsync(path);
            byte[] body = await actual.Content.ReadAsByteArrayAsync();
            byte[] original = await expected.Content.ReadAsByteArrayAsync();
            if (path.EndsWith(".ipxe", StringComparison.Ordinal))
            {
                original = [.. System.Text.Encoding.ASCII.GetBytes(System.Text.Encoding.ASCII.GetString(original)
                    .Replace($":{origin.Port}", $":{scene.Url.Port}", StringComparison.Ordinal))];
            }

            Assert.True(expected.StatusCode == actual.StatusCode, $"{path}: {actual.StatusCode}, directly {expected.StatusCode}");
            Assert.True(original.AsSpan().SequenceEqual(body), $"{path}: another body");
            Assert.Equal(expected.Content.Headers.ContentType, actual.Content.Headers.ContentType);
            Assert.Equal(expected.Headers.ETag, actual.Headers.ETag);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await scene.Client.GetAsync("/testing/arm64/manifest.json")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await scene.Client.GetAsync("/nothing")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await scene.Client.PostAsync("/kernel", new StringContent("x"))).StatusCode);
        using HttpRequestMessage evil = new(HttpMethod.Get, "/boot.ipxe");
        Assert.True(evil.Headers.TryAddWithoutValidation("Host", "a$b"));
        Assert.Equal(HttpStatusCode.BadRequest, (await scene.Client.SendAsync(evil)).StatusCode);

        JsonElement ready = await scene.Client.GetFromJsonAsync<JsonElement>("/readyz");
        Assert.Equal((0, 1), (ready.GetProperty("snapshot").GetProperty("age_seconds").GetInt32(),
            ready.GetProperty("snapshot").GetProperty("sources_answering").GetInt32()));
        JsonElement route = await scene.Client.GetFromJsonAsync<JsonElement>(
            $"/v1/route/{release.Manifest.Artifacts[ArtifactKind.Kernel].Digest}");
        Assert.Equal(origin.ToString(), route.GetProperty("chosen_provider_id").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await scene.Client.GetAsync("/v1/route/kernel")).StatusCode);
    }

    [Fact]
    public async Task Gateway_RestartedWithNoProviderLeft_ServesWhatItKnowsAndSaysHowOldThatIs()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri origin) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        byte[] before;
        await using (GatewayScene first = await GatewayScene.StartAsync(directory, release, [origin]))
        {
            await first.ReadyAsync();
            using HttpResponseMessage fresh = await first.Client.GetAsync("/manifest.json");
            Assert.False(fresh.Headers.Contains("Phase-Snapshot-Age"));
            before = await first.Client.GetByteArrayAsync("/rootfs");
            await Eventually.IsAsync(
                () => System.IO.Directory.EnumerateFiles(directory.At("cache"), "*", SearchOption.AllDirectories).Count() >= 23);
        }

        await plasmd.SignalAsync("KILL");
        await plasmd.WaitForExitAsync(Programs.Limit);
        await using GatewayScene second = await GatewayScene.StartAsync(directory, release, [origin]);

        using HttpResponseMessage manifest = await second.Client.GetAsync("/manifest.json");
        Assert.Equal(release.Manifest.RawBytes.ToArray(), await manifest.Content.ReadAsByteArrayAsync());
        Assert.True(int.Parse(Assert.Single(manifest.Headers.GetValues("Phase-Snapshot-Age"))) >= 0);
        Assert.Equal(before, await second.Client.GetByteArrayAsync("/rootfs"));
        Assert.Equal(HttpStatusCode.OK, (await second.Client.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Gateway_TheReleaseIsSignedByAStranger_ServesNothing()
    {
        using TestRelease release = TestRelease.Create();
        using TestRelease trusted = TestRelease.Create(new TestReleaseOptions { KeySeed = 2 });
        using ReleaseDirectory directory = new();
        directory.Write(release);
        (ChildProcess plasmd, Uri origin) = await Programs.ServeAsync(directory, "plasmd");
        await using ChildProcess _ = plasmd;
        await using GatewayScene scene = await GatewayScene.StartAsync(directory, trusted, [origin]);
        await Eventually.IsAsync(() => scene.Host.Directory.Answering == 1);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await scene.Client.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await scene.Client.GetAsync("/manifest.json")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await scene.Client.GetAsync($"/blobs/{release.Manifest.Digest}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/livez")).StatusCode);
    }
}
