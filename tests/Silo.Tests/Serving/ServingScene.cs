using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Mdns.Network;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Catalog.Stamps;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Joining;
using PhaseMesh.Silo.Serving;

namespace PhaseMesh.Silo.Tests.Serving;

/// <summary>A provider over a directory of its own, on a port of its own, with real sockets and quick polls.</summary>
internal sealed class ServingScene : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("phasemesh-serving-");
    private ProviderHost? _host;

    public string Artifacts => Path.Combine(_root.FullName, "artifacts");

    public string State => Path.Combine(_root.FullName, "state");

    public ServingLimits Limits { get; init; } = new();

    public CatalogOptions Catalog { get; init; } = new() { PollInterval = TimeSpan.FromMilliseconds(50) };

    public TimeSpan DrainGracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyList<ServedChannelOptions> Channels { get; init; } =
        [new ServedChannelOptions { Channel = ReleaseChannelName.Parse("stable"), Archs = [MachineArch.X64] }];

    public IServiceManager? ServiceManager { get; init; }

    /// <summary>Null: the provider does not announce, so that tests put nothing on a real network.</summary>
    public Func<IMulticastNetwork>? Multicast { get; init; }

    /// <summary>Null: no part in a DHT, and no libp2p port.</summary>
    public DhtOptions? Dht { get; set; }

    public FleetMembershipOptions Fleet { get; init; } = new();

    public HttpMessageHandler? FleetHandler { get; init; }

    public JoiningLimits Joining { get; init; } = new();

    public ProviderMode Mode { get; init; }

    /// <summary>Null: every address.</summary>
    public string? Bind { get; init; }

    /// <summary>Null: with the portable body transport the portable stamps, so that both twins are tested together.</summary>
    public IFileStamps? Stamps { get; set; }

    public RememberedLog Log { get; init; } = new();

    public ProviderHost Host => _host ?? throw new InvalidOperationException("Not started.");

    public HttpClient Client { get; private set; } = null!;

    public Uri Address => new($"http://127.0.0.1:{Host.BoundPort}/");

    /// <summary>Both ways of sending a body, for theories.</summary>
    public static TheoryData<BodyTransport> Transports => [BodyTransport.Best, BodyTransport.Portable];

    /// <summary>A provider that already serves a kernel, an initramfs and a rootfs.</summary>
    public static async Task<ServingScene> ServingAsync(BodyTransport transport, Action<ServingScene>? arrange = null)
    {
        ServingScene scene = new() { Limits = new ServingLimits { BodyTransport = transport } };
        return await scene.ServeAsync(arrange);
    }

    public async Task<ServingScene> ServeAsync(Action<ServingScene>? arrange = null)
    {
        WriteStandardFiles();
        arrange?.Invoke(this);
        await StartAsync();
        await WaitForAsync(catalog => catalog.Slots.All(slot => slot.Serving is not null));
        return this;
    }

    public async Task StartAsync()
    {
        Directory.CreateDirectory(Artifacts);
        ProviderOptions options = new()
        {
            Port = 0,
            Bind = Bind,
            Advertisement = new AdvertisementOptions { Mdns = Multicast is not null, Dht = Dht is not null },
            Dht = Dht ?? new DhtOptions(),
            Mode = Mode,
            Fleet = Fleet,
            ArtifactsDirectory = Artifacts,
            StateDirectory = State,
            Channels = Channels,
            Catalog = Catalog,
            Limits = Limits,
            DrainGracePeriod = DrainGracePeriod,
        };
        _host = await ProviderHost.StartAsync(
            options,
            new ProviderSurroundings
            {
                ServiceManager = ServiceManager ?? new NoServiceManager(),
                Stamps = Stamps ?? (Limits.BodyTransport is BodyTransport.Portable ? new PortableFileStamps() : FileStamps.ForThisSystem),
                Multicast = Multicast,
                FleetHandler = FleetHandler,
                Joining = Joining,
                Logging = logging => logging.SetMinimumLevel(Log.MinimumLevel).AddProvider(Log),
            },
            CancellationToken.None);
        Client = new HttpClient { BaseAddress = Address, Timeout = Limit };
    }

    public async Task RestartAsync()
    {
        await Host.DisposeAsync();
        Client.Dispose();
        await StartAsync();
    }

    public void WriteStandardFiles()
    {
        Write("kernel", Content("kernel", (3 << 20) + 17));
        Write("initramfs", Content("initramfs", 300_001));
        Write("rootfs", Content("rootfs", (9 << 20) + 5));
    }

    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(Artifacts, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>As a careful operator does: written beside, then renamed over.</summary>
    public void Replace(string name, byte[] content) => File.Move(Write(name + ".new", content), Path.Combine(Artifacts, name), overwrite: true);

    public byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Artifacts, name));

    /// <summary>The same bytes for the same name and size, in every run.</summary>
    public static byte[] Content(string name, int sizeBytes)
    {
        byte[] content = new byte[sizeBytes];
        new Random(name.Aggregate(17, (hash, letter) => (hash * 31) + letter)).NextBytes(content);
        return content;
    }

    public async Task<CatalogSnapshot> WaitForAsync(Func<CatalogSnapshot, bool> condition)
    {
        using CancellationTokenSource limit = new(Limit);
        try
        {
            return await Host.Catalog.WaitForAsync(condition, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            string slots = string.Join("; ", Host.Catalog.Current.Slots.Select(slot => $"{slot.Slot}: {slot.Serving?.Manifest.Version} {slot.Candidate}"));
            throw new TimeoutException($"The catalogue did not get there in {Limit.TotalSeconds} s: {slots}");
        }
    }

    public Task<CatalogSnapshot> WaitForProblemAsync(string text) =>
        WaitForAsync(catalog => catalog.Slots.Any(slot => slot.Candidate?.Problem.Contains(text, StringComparison.Ordinal) == true));

    /// <summary>A release other than the one served now.</summary>
    public async Task<Release> WaitForReleaseAfterAsync(Release old)
    {
        CatalogSnapshot found = await WaitForAsync(catalog => catalog.Default!.Serving is { } serving && serving.Manifest.Digest != old.Manifest.Digest);
        return found.Default!.Serving!;
    }

    public Release Serving => Host.Catalog.Current.Default!.Serving!;

    public async Task<Socket> ConnectAsync(int? receiveBufferBytes = null)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBufferBytes is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        await socket.ConnectAsync(IPAddress.Loopback, Host.BoundPort);
        return socket;
    }

    public async Task<JsonElement> GetJsonAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await Client.GetAsync(path);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path);
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _root.Delete(recursive: true);
    }
}
