using System.Net;
using PhaseMesh.Gateway.Tests.Forwarding.Support;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding;

/// <summary>The gateway answers as a provider would.</summary>
public sealed class AnswerTests
{
    public static TheoryData<BodyTransport> Transports => [BodyTransport.Best, BodyTransport.Portable];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task EveryArtifactByEveryName_IsByteExact(BodyTransport transport)
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { BodyTransport = transport }, ProviderFault.None);
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            byte[] expected = scene.Release.Contents[kind].ToArray();
            Sha256Digest digest = scene.DigestOf(kind);
            foreach ((string path, bool isImmutable) in ((string, bool)[])
            [
                ($"/{kind.Name()}", false), ($"/stable/x86_64/{kind.Name()}", false), ($"/stable/amd64/{kind.Name()}", false),
                ($"/blobs/{digest}", true), ($"/{kind.Name()}?digest={digest}", true),
            ])
            {
                using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, path);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal($"\"{digest}\"", response.Headers.ETag!.ToString());
                Assert.Equal(isImmutable, response.Headers.CacheControl!.ToString().Contains("immutable", StringComparison.Ordinal));
                byte[] body = await response.Content.ReadAsByteArrayAsync();
                Assert.True(expected.AsSpan().SequenceEqual(body), path);
            }

            using HttpResponseMessage head = await scene.SendAsync(HttpMethod.Head, $"/{kind.Name()}");
            Assert.Equal((HttpStatusCode.OK, expected.LongLength), (head.StatusCode, head.Content.Headers.ContentLength));
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Ranges_AroundEveryThreshold_AreByteExact(BodyTransport transport)
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { BodyTransport = transport }, ProviderFault.None);
        long total = scene.SizeOf(ArtifactKind.Rootfs);
        foreach (int size in (int[])[1, 65535, 65536, 65537, 131072, 131073, 262144, (1 << 20) + 1, 5 << 20])
        {
            foreach (long from in (long[])[0, 12345, 65535, total - size])
            {
                Assert.Equal(size, await scene.DownloadAsync(ArtifactKind.Rootfs, from, from + size - 1));
            }
        }
    }

    [Fact]
    public async Task SeveralRanges_AnswerMultipart()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/rootfs", ("Range", "bytes=5000000-5000099,0-9,-7"));
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.StartsWith("multipart/byteranges", response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        byte[] whole = scene.Release.Contents[ArtifactKind.Rootfs].ToArray();
        Assert.True(body.AsSpan().IndexOf(whole.AsSpan(5_000_000, 100)) >= 0);
        Assert.True(body.AsSpan().IndexOf(whole.AsSpan(whole.Length - 7)) >= 0);
    }

    [Fact]
    public async Task Conditions_AreAnsweredWithoutAskingAReplica()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None);
        string tag = $"\"{scene.DigestOf(ArtifactKind.Rootfs)}\"";
        foreach ((string name, string value, HttpStatusCode expected) in ((string, string, HttpStatusCode)[])
        [
            ("If-None-Match", tag, HttpStatusCode.NotModified),
            ("If-Match", "\"other\"", HttpStatusCode.PreconditionFailed),
            ("Range", "bytes=999999999-", HttpStatusCode.RequestedRangeNotSatisfiable),
        ])
        {
            using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/rootfs", (name, value));
            Assert.Equal(expected, response.StatusCode);
        }

        Assert.Empty(scene.Providers[0].Requests);
        using HttpResponseMessage resumed = await scene.SendAsync(HttpMethod.Get, "/rootfs", ("Range", "bytes=10-19"), ("If-Range", tag));
        Assert.Equal(HttpStatusCode.PartialContent, resumed.StatusCode);
        using HttpResponseMessage other = await scene.SendAsync(HttpMethod.Get, "/kernel", ("Range", "bytes=10-19"), ("If-Range", "\"other\""));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData("/blobs/sha256:12", HttpStatusCode.BadRequest)]
    [InlineData("/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", HttpStatusCode.NotFound)]
    [InlineData("/testing/x86_64/kernel", HttpStatusCode.NotFound)]
    [InlineData("/stable/vax/kernel", HttpStatusCode.NotFound)]
    [InlineData("/kernel?digest=md5:1", HttpStatusCode.BadRequest)]
    public async Task WhatIsNotThere_IsExplained(string path, HttpStatusCode expected)
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, path);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task NoReplica_IsAnswered503WithRetryAfter()
    {
        SceneOptions options = new();
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            options with { Forwarding = options.Forwarding with { FirstChunkPatience = TimeSpan.FromMilliseconds(300) } },
            ProviderFault.ServerError);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/kernel");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Null(response.Headers.ETag);
    }

    [Fact]
    public async Task ChunksLargerThanTheStoreTakes_AreRefusedWithARemedy()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(
            new SceneOptions { Release = new TestReleaseOptions { ChunkSizeBytes = null }, Chunks = new() { MemoryBytes = 1 << 20 } },
            ProviderFault.None);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/rootfs");
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("smaller chunks", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManifestByDigest_IsTheSignedBytes()
    {
        await using ForwardingScene scene = await ForwardingScene.StartAsync(null, ProviderFault.None);
        byte[] body = await scene.Client.GetByteArrayAsync($"/blobs/{scene.Release.Manifest.Digest}");
        Assert.True(scene.Release.Manifest.RawBytes.Span.SequenceEqual(body));
    }
}
