using PhaseMesh.Libp2p;
using PhaseMesh.Libp2p.Fetch;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Commands.Dht;
using PhaseMesh.Silo.Tests.Advertising.Dht;
using PhaseMesh.TestKit;

namespace PhaseMesh.Silo.Tests.Serving.Fetching;

/// <summary>By libp2p from a real provider, over loopback.</summary>
public sealed class CatalogFetchContentTests : IAsyncLifetime
{
    private readonly DhtMesh _mesh = new();
    private ServingScene _scene = null!;
    private DhtClient _client = null!;
    private PeerId _peer;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _mesh.DisposeAsync().AsTask();

    private async Task ServeAsync()
    {
        _scene = await _mesh.Node().ServeAsync(scene => scene.Write("rootfs", ServingScene.Content("big", 64 << 20)));
        _client = await _mesh.AskerAsync();
        _peer = _scene.Host.Dht!.Host.LocalPeer;
    }

    [Fact]
    public async Task Manifest_OfTheSlotOrTheDefault_IsWhatHttpServes()
    {
        await ServeAsync();
        byte[] expected = await _scene.Client.GetByteArrayAsync("/manifest.json");
        foreach (FetchRequest request in (FetchRequest[])
            [FetchRequest.Manifest(), FetchRequest.Manifest("stable", "x86_64"), FetchRequest.Manifest("stable", "amd64"),
                FetchRequest.Artifact(_scene.Serving.Manifest.Digest.ToString())])
        {
            await using FetchResponse response = await FetchAsync(request);
            Assert.Equal(_scene.Serving.Manifest.Digest.ToString(), response.Hash);
            Assert.Equal(expected, await ReadAsync(response));
        }

        await Eventually.IsAsync(() => _scene.Host.Load.RequestsInFlight == 0, "no request in flight");
    }

    [Fact]
    public async Task Artifact_WholeAndRanges_AreTheFilesBytes_AndAreCounted()
    {
        await ServeAsync();
        byte[] kernel = _scene.Read("kernel");
        string digest = Sha256Digest.Compute(kernel).ToString();
        long before = _scene.Host.Load.TotalBytesSent;
        await using FetchResponse whole = await FetchAsync(FetchRequest.Artifact(digest));
        Assert.Equal(kernel.Length, whole.SizeBytes);
        Assert.Equal(kernel, await ReadAsync(whole));
        await using FetchResponse part = await FetchAsync(FetchRequest.Artifact(digest, 1_000_003, 70_001));
        Assert.Equal(kernel[1_000_003..1_070_004], await ReadAsync(part));
        Assert.Equal(kernel.Length + 70_001, _scene.Host.Load.TotalBytesSent - before);

        FetchRefusedException range = await RefusedAsync(FetchRequest.Artifact(digest, kernel.Length + 1, 1));
        Assert.Equal(FetchErrorCode.BadRange, range.Code);
    }

    [Fact]
    public async Task Unknown_IsNotFound()
    {
        await ServeAsync();
        Assert.Equal(FetchErrorCode.NotFound, (await RefusedAsync(FetchRequest.Manifest("testing", "x86_64"))).Code);
        Assert.Equal(FetchErrorCode.NotFound, (await RefusedAsync(FetchRequest.Manifest("stable", "mips"))).Code);
        Assert.Equal(FetchErrorCode.NotFound, (await RefusedAsync(FetchRequest.Artifact(Sha256Digest.Compute("other"u8).ToString()))).Code);
    }

    [Fact]
    public async Task Drain_FetchInFlight_FinishesWhileNewOnesAreRefused()
    {
        await ServeAsync();
        byte[] rootfs = _scene.Read("rootfs");
        await using FetchResponse response = await FetchAsync(FetchRequest.Artifact(Sha256Digest.Compute(rootfs).ToString()));
        Assert.Equal(1, _scene.Host.Load.RequestsInFlight);

        Task stopped = _scene.Host.StopAsync();
        await Eventually.IsAsync(
            () => _scene.Log.Lines.Any(line => line.Text.Contains("1 requests in flight have", StringComparison.Ordinal)), "the drain");
        FetchRefusedException refusal = await RefusedAsync(FetchRequest.Manifest());
        Assert.Equal(FetchErrorCode.Unavailable, refusal.Code);
        Assert.Contains("shutting down", refusal.Message, StringComparison.Ordinal);
        Assert.False(stopped.IsCompleted);

        byte[] body = await ReadAsync(response);
        Assert.True(rootfs.AsSpan().SequenceEqual(body));
        await stopped.WaitAsync(ServingScene.Limit);
    }

    [Fact]
    public async Task Artifact_ChangedWhileItIsSent_IsCutOff()
    {
        await ServeAsync();
        string digest = Sha256Digest.Compute(_scene.Read("rootfs")).ToString();
        await using FetchResponse response = await FetchAsync(FetchRequest.Artifact(digest));
        using (FileStream file = new(Path.Combine(_scene.Artifacts, "rootfs"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(60 << 20);
        }

        await Assert.ThrowsAsync<Libp2pException>(() => ReadAsync(response));
        await Eventually.IsAsync(() => _scene.Host.Load.RequestsInFlight == 0, "no request in flight");
        Assert.NotEqual(FetchErrorCode.BadRequest, (await RefusedAsync(FetchRequest.Artifact(digest))).Code);
    }

    private Task<FetchResponse> FetchAsync(FetchRequest request) => new FetchClient(_client.Host).FetchAsync(_peer, request, _mesh.Limit);

    private Task<FetchRefusedException> RefusedAsync(FetchRequest request) => Assert.ThrowsAsync<FetchRefusedException>(() => FetchAsync(request));

    private async Task<byte[]> ReadAsync(FetchResponse response)
    {
        using MemoryStream content = new();
        await response.Body.CopyToAsync(content, _mesh.Limit);
        return content.ToArray();
    }
}
