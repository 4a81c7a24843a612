using System.Net;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Serving;

namespace PhaseMesh.Silo.Tests.Serving;

public sealed class DownloadTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Get_EveryArtifactByEveryName_IsByteExact(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        foreach (string name in new[] { "kernel", "initramfs", "rootfs" })
        {
            byte[] expected = scene.Read(name);
            Sha256Digest digest = Sha256Digest.Compute(expected);
            foreach (string path in new[]
            {
                $"/{name}", $"/stable/x86_64/{name}", $"/stable/amd64/{name}", $"/blobs/{digest}", $"/{name}?digest={digest}",
                $"/blobs/sha256%3A{digest.ToHex()}",
            })
            {
                using HttpResponseMessage response = await scene.Client.GetAsync(path);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal($"\"{digest}\"", response.Headers.ETag!.ToString());
                Assert.Equal("bytes", response.Headers.AcceptRanges.ToString());
                Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.ToString());
                Assert.Equal(path.Contains("sha256", StringComparison.Ordinal), response.Headers.CacheControl!.ToString().Contains("immutable", StringComparison.Ordinal));
                Assert.Equal(
                    $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(digest.ToHex()))}:", response.Headers.GetValues("Repr-Digest").Single());
                byte[] body = await response.Content.ReadAsByteArrayAsync();
                Assert.True(expected.AsSpan().SequenceEqual(body), $"{path} differs");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Get_SizesAroundEveryThreshold_AreByteExact(BodyTransport transport)
    {
        const int held = 64 * 1024;
        int[] sizes = [1, held - 1, held, held + 1, 2 * held, (2 * held) + 1, (3 * held) - 1, 256 * 1024, (256 * 1024) + 1, (1 << 20) + 1];
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        byte[] whole = scene.Read("rootfs");
        foreach (int size in sizes)
        {
            foreach (int offset in new[] { 0, 12345, whole.Length - size })
            {
                using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/rootfs", ("Range", $"bytes={offset}-{offset + size - 1}"));
                Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                byte[] body = await response.Content.ReadAsByteArrayAsync();
                Assert.True(whole.AsSpan(offset, size).SequenceEqual(body), $"{size} bytes at {offset} differ");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Get_64ParallelRanges_AreByteExact(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        byte[] whole = scene.Read("rootfs");
        byte[] assembled = new byte[whole.Length];
        int part = (whole.Length + 63) / 64;
        await Parallel.ForEachAsync(Enumerable.Range(0, 64), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (index, cancellationToken) =>
        {
            int from = index * part;
            int to = Math.Min(from + part, whole.Length) - 1;
            using HttpRequestMessage request = new(HttpMethod.Get, "/rootfs") { Headers = { Range = new(from, to) } };
            using HttpResponseMessage response = await scene.Client.SendAsync(request, cancellationToken);
            Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
            (await response.Content.ReadAsByteArrayAsync(cancellationToken)).CopyTo(assembled, from);
        });
        Assert.True(whole.AsSpan().SequenceEqual(assembled));
    }

    [Fact]
    public async Task Get_OnLinux_GoesBySendfileAndPortableDoesNot()
    {
        // Which of the two sends is otherwise invisible: the tests above would pass if sendfile were never used.
        Assert.Equal(OperatingSystem.IsLinux(), SendfileTransport.IsSupported);
        await using ServingScene fast = await ServingScene.ServingAsync(BodyTransport.Best);
        await using ServingScene portable = await ServingScene.ServingAsync(BodyTransport.Portable);
        await fast.Client.GetByteArrayAsync("/rootfs");
        await portable.Client.GetByteArrayAsync("/rootfs");
        Assert.Equal(OperatingSystem.IsLinux(), fast.Host.Load.SlicesSentByKernel > 0);
        Assert.Equal(0, portable.Host.Load.SlicesSentByKernel);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Manifest_IsServedByteForByteAndAnswers304(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        byte[] expected = scene.Host.Catalog.Current.Default!.Serving!.Manifest.RawBytes.ToArray();
        using HttpResponseMessage first = await scene.Client.GetAsync("/manifest.json");
        Assert.Equal("application/json", first.Content.Headers.ContentType!.ToString());
        Assert.Equal(expected, await first.Content.ReadAsByteArrayAsync());
        Assert.Equal(expected, await scene.Client.GetByteArrayAsync("/stable/amd64/manifest.json"));
        Assert.Equal(expected, await scene.Client.GetByteArrayAsync($"/blobs/{Sha256Digest.Compute(expected)}"));

        using HttpResponseMessage again = await scene.SendAsync(HttpMethod.Get, "/manifest.json", ("If-None-Match", first.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }
}
