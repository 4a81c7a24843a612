using System.Net;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Redirects;

/// <summary>Others' clients, redirected by a whole gateway.</summary>
public class RedirectClientsTests
{
    [Fact]
    public async Task CurlAndBusyboxWget_FollowToTheReplica_AndTheGatewayFetchesNothing()
    {
        using TestRelease release = TestRelease.Create();
        using ReleaseDirectory directory = new();
        await using FaultyProvider provider = new(release) { StatusKey = "" };
        await using GatewayScene scene = await GatewayScene.StartAsync(
            directory, release, [new Uri(provider.Url)], options => options with { Redirect = new RedirectOptions { Everyone = true } });
        await scene.ReadyAsync();
        Sha256Digest digest = release.Manifest.Artifacts[ArtifactKind.Rootfs].Digest;

        using HttpRequestMessage head = new(HttpMethod.Head, "/rootfs");
        foreach (HttpResponseMessage answer in new[] { await scene.Client.GetAsync("/rootfs"), await scene.Client.SendAsync(head) })
        {
            Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
            Assert.Equal(new Uri($"{provider.Url}/blobs/{digest}"), answer.Headers.Location);
            Assert.True(answer.Headers.CacheControl?.NoStore);
            answer.Dispose();
        }

        Assert.DoesNotContain(provider.Requests, request => request.Artifact is not null);
        string output = directory.At("rootfs");
        foreach ((string program, string[] arguments) in new (string, string[])[]
        {
            ("curl", ["-sSL", "--fail", "-o", output]), ("busybox", ["wget", "-q", "-O", output]), ("wget", ["-q", "-O", output]),
        })
        {
            File.Delete(output);
            await ChildProcess.RunAsync(program, [.. arguments, new Uri(scene.Url, "/stable/x86_64/rootfs").ToString()], Programs.Limit);
            Assert.Equal(digest, Sha256Digest.Compute(await File.ReadAllBytesAsync(output)));
        }

        Assert.Equal(3, provider.Requests.Count(request => request.Artifact is not null));
        Assert.All(provider.Requests.Where(request => request.Artifact is not null), request => Assert.Null(request.Range));

        // A manifest is never elsewhere, and who wants the bytes from here gets them.
        Assert.Equal(HttpStatusCode.OK, (await scene.Client.GetAsync("/manifest.json")).StatusCode);
        Assert.Equal(digest, Sha256Digest.Compute(await scene.Client.GetByteArrayAsync("/rootfs?redirect=0")));
    }
}
