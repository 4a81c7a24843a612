using System.Net;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Catalog.Stamps;
using PhaseMesh.Silo.Serving;
using PhaseMesh.Silo.Tests.Serving;

namespace PhaseMesh.Silo.Tests.Catalog;

/// <summary>Files change under running downloads; no client ever gets a complete body that is not its digest's.</summary>
public sealed class ChangeMidDownloadTests
{
    private const int BigBytes = 64 << 20;

    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task OverwrittenInPlace_TheDownloadIsCutOffAndTheNewFileServedLater(BodyTransport transport)
    {
        await using ServingScene scene = await StartAsync(transport);
        Release old = scene.Serving;
        using RawExchange download = await BeginDownloadAsync(scene);

        byte[] other = ServingScene.Content("other", BigBytes);
        scene.Write("rootfs", other);

        Assert.True((await download.ReadToEndAsync()).Length < BigBytes, "The download was complete.");
        Release next = await scene.WaitForReleaseAfterAsync(old);
        Assert.Equal(Sha256Digest.Compute(other), next.Files[ArtifactKind.Rootfs].Artifact.Digest);
        Assert.True(IsSame(other, await scene.Client.GetByteArrayAsync("/rootfs")));
        using HttpResponseMessage gone = await scene.Client.GetAsync($"/blobs/{old.Files[ArtifactKind.Rootfs].Artifact.Digest}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task OneByteFlippedAndTheTimeSetBack_TheDownloadIsCutOff(BodyTransport transport)
    {
        // Only the system's own stamps see this; the portable ones leave it to the scrub.
        await using ServingScene scene = await StartAsync(transport, scene => scene.Stamps = FileStamps.ForThisSystem);
        using RawExchange download = await BeginDownloadAsync(scene);

        string path = Path.Combine(scene.Artifacts, "rootfs");
        DateTime modified = File.GetLastWriteTimeUtc(path);
        using (FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = BigBytes - 1;
            int last = file.ReadByte();
            file.Position = BigBytes - 1;
            file.WriteByte((byte)(last ^ 1));
        }

        File.SetLastWriteTimeUtc(path, modified);
        Assert.True((await download.ReadToEndAsync()).Length < BigBytes, "The download was complete.");
        await scene.Log.WaitForAsync("changed on disk while it was sent"); // The client may see the end first.
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Truncated_TheDownloadIsCutOffAndTheReleaseTakenOut(BodyTransport transport)
    {
        await using ServingScene scene = await StartAsync(transport, scene => scene.Write("manifest.json", SignedRelease.For(scene, 1).RawBytes.ToArray()));
        using RawExchange download = await BeginDownloadAsync(scene);

        string path = Path.Combine(scene.Artifacts, "rootfs");
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(BigBytes / 2);
        }

        Assert.True((await download.ReadToEndAsync()).Length < BigBytes, "The download was complete.");
        await scene.WaitForAsync(catalog => catalog.Default!.Serving is null);
        foreach (string name in new[] { "/rootfs", "/kernel", "/manifest.json", "/readyz" })
        {
            using HttpResponseMessage response = await scene.Client.GetAsync(name);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        }

        // The right file again: the operator's release is served again.
        scene.Write("rootfs", ServingScene.Content("big", BigBytes));
        await scene.WaitForAsync(catalog => catalog.Default!.Serving is not null);
        Assert.Equal(BigBytes, (await scene.Client.GetByteArrayAsync("/rootfs")).Length);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task ReplacedByRename_TheDownloadFinishesTheReleaseItStarted(BodyTransport transport)
    {
        await using ServingScene scene = await StartAsync(transport);
        Release old = scene.Serving;
        byte[] expected = scene.Read("rootfs");
        using RawExchange download = await BeginDownloadAsync(scene);

        byte[] other = ServingScene.Content("other", 5 << 20);
        scene.Replace("rootfs", other);
        await scene.WaitForReleaseAfterAsync(old);
        Assert.True(IsSame(other, await scene.Client.GetByteArrayAsync("/rootfs")));

        byte[] body = await download.ReadBodyAsync(BigBytes);
        Assert.True(expected.AsSpan().SequenceEqual(body), "The old release's bytes differ.");
        Assert.True(
            IsSame(expected, await scene.Client.GetByteArrayAsync($"/blobs/{old.Files[ArtifactKind.Rootfs].Artifact.Digest}")),
            "The old release is not readable by digest.");
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Touched_TheDownloadGoesOnAfterTheFileWasVerifiedAgain(BodyTransport transport)
    {
        await using ServingScene scene = await StartAsync(transport);
        byte[] expected = scene.Read("rootfs");
        using RawExchange download = await BeginDownloadAsync(scene);
        File.SetLastWriteTimeUtc(Path.Combine(scene.Artifacts, "rootfs"), DateTime.UnixEpoch.AddYears(50));
        byte[] body = await download.ReadBodyAsync(BigBytes);
        Assert.True(expected.AsSpan().SequenceEqual(body));
    }

    private static bool IsSame(byte[] expected, byte[] found) => expected.AsSpan().SequenceEqual(found);

    private static Task<ServingScene> StartAsync(BodyTransport transport, Action<ServingScene>? arrange = null) =>
        ServingScene.ServingAsync(transport, scene =>
        {
            scene.Write("rootfs", ServingScene.Content("big", BigBytes));
            arrange?.Invoke(scene);
        });

    /// <summary>A download that has begun and cannot end: the client's buffer is small and full.</summary>
    private static async Task<RawExchange> BeginDownloadAsync(ServingScene scene)
    {
        RawExchange download = new(await scene.ConnectAsync(receiveBufferBytes: 256 * 1024));
        await download.SendAsync("GET /rootfs HTTP/1.1\r\nHost: a\r\n\r\n");
        string[] headers = await download.ReadHeadersAsync();
        Assert.Equal("HTTP/1.1 200 OK", headers[0]);
        Assert.Equal(BigBytes, RawExchange.LengthIn(headers));
        return download;
    }
}
