using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Forwarding;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Connections;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding.Support;

/// <summary>The data path of a gateway on a loopback port, before providers that misbehave as told.</summary>
internal sealed class ForwardingScene : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly WebApplication _app;
    private readonly List<FaultyProvider> _providers = [];

    private ForwardingScene(WebApplication app, TestRelease release, TwinDirectory directory)
    {
        (_app, Release, Directory) = (app, release, directory);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = Address, Timeout = Limit };
    }

    public TestRelease Release { get; }

    public TwinDirectory Directory { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IReadOnlyList<FaultyProvider> Providers => _providers;

    public TwinPicker Picker => _app.Services.GetRequiredService<TwinPicker>();

    public RememberedProofs Reporter => _app.Services.GetRequiredService<RememberedProofs>();

    public ChunkCounters Counters => _app.Services.GetRequiredService<ChunkCounters>();

    public AdmissionControl Admission => _app.Services.GetRequiredService<AdmissionControl>();

    public ChunkStore Store => _app.Services.GetRequiredService<ChunkStore>();

    public DiskChunks Disk => _app.Services.GetRequiredService<DiskChunks>();

    public static async Task<ForwardingScene> StartAsync(SceneOptions? options = null, params ProviderFault[] faults)
    {
        options ??= new SceneOptions();
        TestRelease release = TestRelease.Create(options.Release);
        TwinDirectory directory = new();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IReplicaDirectory>(directory);
        builder.Services.AddSingleton(directory);
        builder.Services.AddSingleton<TwinPicker>();
        builder.Services.AddSingleton<IReplicaPicker>(services => options.UsesRealPicker
            ? new ReplicaPicker(directory, TimeProvider.System, seed: 20261121)
            : services.GetRequiredService<TwinPicker>());
        builder.Services.AddSingleton<RememberedProofs>();
        builder.Services.AddSingleton<IMisbehaviourReporter>(services => services.GetRequiredService<RememberedProofs>());
        builder.Services.AddForwarding(options.Forwarding, options.Chunks, options.Admission);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(SlowReaderGuard.Middleware(
                TimeProvider.System, new ServingLimits { SliceTimeout = options.SliceTimeout },
                listen.ApplicationServices.GetRequiredService<ILogger<SlowReaderGuard>>()));
            if (options.BodyTransport is BodyTransport.Best && SendfileTransport.IsSupported)
            {
                listen.UseSendfile();
            }
        }));
        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapArtifacts();
        await app.StartAsync();
        ForwardingScene scene = new(app, release, directory);
        foreach (ProviderFault fault in faults)
        {
            scene.Add(fault);
        }

        return scene;
    }

    public FaultyProvider Add(ProviderFault fault = ProviderFault.None)
    {
        FaultyProvider provider = new(Release, fault);
        _providers.Add(provider);
        Publish();
        return provider;
    }

    /// <summary>The directory names all providers.</summary>
    public void Publish()
    {
        ReplicaEndpoint[] endpoints = [.. _providers.Select((provider, index) =>
            new ReplicaEndpoint(IdOf(index), new Uri(provider.Url), ReplicaSite.Unknown, 1, true, true))];
        Directory.Current = new DirectorySnapshot(
            Directory.Current.Version + 1, DateTimeOffset.UnixEpoch,
            [new DirectoryRelease(Release.Manifest.Channel, Release.Manifest.Arch, Release.Manifest)],
            Release.Manifest.Artifacts.Values.ToDictionary(artifact => artifact.Digest, _ => (IReadOnlyList<ReplicaEndpoint>)endpoints),
            Release.Manifest.Artifacts.Values.ToDictionary(artifact => artifact.Digest));
    }

    public static string IdOf(int index) => $"provider-{index}";

    public Sha256Digest DigestOf(ArtifactKind kind) => Release.Manifest.Artifacts[kind].Digest;

    public long SizeOf(ArtifactKind kind) => Release.Manifest.Artifacts[kind].SizeBytes;

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(method, path);
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Downloads and compares byte for byte as it arrives, so that bytes before a fault are looked at as well.</summary>
    /// <returns>How many right bytes came; a wrong one fails the test at once.</returns>
    public async Task<long> DownloadAsync(ArtifactKind kind, long from = 0, long? to = null, Func<long, Task>? afterPiece = null)
    {
        (string, string)[] range = from > 0 || to is not null ? [("Range", $"bytes={from}-{to}")] : [];
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, $"/blobs/{DigestOf(kind)}", range);
        if (!response.IsSuccessStatusCode)
        {
            return 0;
        }

        await using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] piece = new byte[48 * 1024];
        byte[] expected = new byte[piece.Length];
        long at = from;
        try
        {
            while (await body.ReadAsync(piece) is > 0 and int read)
            {
                Release.Contents[kind].Read(at, expected.AsSpan(0, read));
                Assert.True(piece.AsSpan(0, read).SequenceEqual(expected.AsSpan(0, read)), $"Wrong bytes at {at}.");
                at += read;
                if (afterPiece is not null)
                {
                    await afterPiece(at);
                }
            }
        }
        catch (IOException)
        {
            // Cut off; what came was right.
        }

        return at - from;
    }

    /// <summary>So many downloads at once, each of which must be whole and right.</summary>
    public async Task DownloadAllAsync(int clients, ArtifactKind kind = ArtifactKind.Rootfs)
    {
        long[] got = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(() => DownloadAsync(kind)))).WaitAsync(Limit);
        Assert.All(got, count => Assert.Equal(SizeOf(kind), count));
    }

    public async Task<Socket> ConnectAsync(int receiveBufferBytes)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = receiveBufferBytes };
        await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        foreach (FaultyProvider provider in _providers)
        {
            await provider.DisposeAsync();
        }

        Release.Dispose();
    }
}

internal sealed record SceneOptions
{
    public TestReleaseOptions Release { get; init; } = new() { RootfsBytes = (6 << 20) + 12_345 };

    public ForwardingOptions Forwarding { get; init; } = new()
    {
        ProgressInterval = TimeSpan.FromMilliseconds(500),
        HeaderTimeout = TimeSpan.FromSeconds(1),
        ConnectTimeout = TimeSpan.FromSeconds(1),
        FirstChunkPatience = TimeSpan.FromSeconds(60),
    };

    public ChunkStoreOptions Chunks { get; init; } = new() { MemoryBytes = 64 << 20 };

    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>The product's choice of replica instead of <see cref="TwinPicker"/>, which then sees nothing.</summary>
    public bool UsesRealPicker { get; init; }

    public TimeSpan SliceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public BodyTransport BodyTransport { get; init; } = BodyTransport.Best;
}
