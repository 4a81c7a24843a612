using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Postgres;
using PhaseMesh.TestKit.Processes;
using PhaseMesh.TestKit.Prometheus;

namespace PhaseMesh.Telemetry.Tests.Dashboards;

/// <summary>
/// Two silos on PostgreSQL, a provider that belongs to their fleet, another that sends wrong bytes, a gateway in front of both, all as
/// processes, and Debian's Prometheus with the rules of deploy/prometheus.
/// </summary>
internal sealed class MeshScene : IAsyncDisposable
{
    private static readonly IPEndPoint MdnsGroup = new(IPAddress.Parse("224.0.0.251"), 5353);

    private readonly ReleaseDirectory _directory = new();
    private readonly TestRelease _release = TestRelease.Create(new TestReleaseOptions
    {
        RootfsBytes = 4 << 20,
        Expires = TimeProvider.System.GetUtcNow().AddDays(2),
    });
    private readonly SignedCaller _caller = new();
    private readonly Ed25519PrivateKey _operator = Ed25519PrivateKey.Generate();
    private readonly Ed25519PrivateKey _outcast = Ed25519PrivateKey.Generate();
    private readonly List<ChildProcess> _processes = [];
    private readonly List<Uri> _silos = [];
    private PostgresServer? _database;
    private FaultyProvider? _liar;
    private PrometheusServer? _prometheus;
    private Uri? _gateway;

    public PrometheusServer Prometheus => _prometheus ?? throw new InvalidOperationException("The scene has not started.");

    public static async Task<MeshScene> StartAsync()
    {
        MeshScene scene = new();
        try
        {
            await scene.StartAllAsync();
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Wave after wave of boots, downloads and questions on the LAN, until it is told to stop.</summary>
    public async Task StormAsync(CancellationToken stop)
    {
        BootStorm boots = new(_silos, _caller);
        await boots.HangAsync();
        using HttpClient client = new() { Timeout = Programs.Limit };
        using Stream followed = await client.GetStreamAsync(new Uri(_silos[0], "/v1/boots/stream"), CancellationToken.None);
        using UdpClient stranger = new(AddressFamily.InterNetwork);
        for (int wave = 0; !stop.IsCancellationRequested; wave++)
        {
            await boots.WaveAsync();

            // Of one client only one goes on at a time: the other waits.
            await Task.WhenAll(DownloadAsync(client, "/rootfs"), DownloadAsync(client, "/kernel"), DownloadAsync(client, "/initramfs"));
            await stranger.SendAsync("this is no DNS message"u8.ToArray(), MdnsGroup, CancellationToken.None);
            if (wave % 10 == 0)
            {
                await AskAsync("mdns", "browse", "--timeout", "1s");
                await AskAsync("dht", "find", "stable/x86_64", "--bootstrap", await DhtAddressAsync(_silos[0]));
            }
        }
    }

    public Task KillSecondSiloAsync() => _processes[1].SignalAsync("KILL");

    public Task KillDatabaseAsync() => _database!.KillAsync();

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null)
        {
            await _prometheus.DisposeAsync();
        }

        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        await (_liar?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
        _caller.Dispose();
        _operator.Dispose();
        _outcast.Dispose();
        _release.Dispose();
        _directory.Dispose();
    }

    private async Task StartAllAsync()
    {
        _directory.Write(_release);
        _database = await PostgresServer.StartNewAsync();
        string database = await _database.NewDatabaseAsync(isTcp: true);
        string nobody = $"/ip4/127.0.0.1/tcp/{LoopbackPort.Free()}";
        foreach (string name in (string[])["silo1", "silo2"])
        {
            string[] known = _silos.Count == 0 ? [nobody] : [nobody, await DhtAddressAsync(_silos[0])];
            _silos.Add(await PlasmdAsync(name, "127.0.0.1", "/v1/cluster",
                ["--cluster-database", database, "--silo-name", name, "--trust", _release.Key.PublicKey.KeyId, .. Bootstrap(known)]));
        }

        await OpenFleetAsync();
        Uri provider = await PlasmdAsync("provider", null, "/readyz",
        [
            "--artifacts", _directory.Artifacts, "--channel", "stable", "--arch", "x86_64",
            "--fleet", _silos[0].ToString(), "--fleet", _silos[1].ToString(), .. Bootstrap([await DhtAddressAsync(_silos[0])]),
        ]);
        _liar = new FaultyProvider(_release, ProviderFault.FlipsByte) { StatusKey = _outcast.PublicKey.KeyId };
        (ChildProcess gateway, _gateway) = await Programs.GatewayAsync(
            _directory, _release, [provider, new Uri(_liar.Url)], "--silo", _silos[0].ToString(), "--silo", _silos[1].ToString(),
            "--max-streams-per-client", "1", "--memory", "16MiB", "--cache-dir", _directory.At("cache"));
        _processes.Add(gateway);
        _prometheus = await PrometheusServer.StartWithRulesAsync(
            [Repository.PathOf("deploy", "prometheus", "rules", "*.yml")],
            ("silos", _silos[0]), ("silos", _silos[1]), ("providers", provider), ("gateways", _gateway));
    }

    /// <summary>A release, everyone let in, one provider refused before that and one quarantined after.</summary>
    private async Task OpenFleetAsync()
    {
        BootStorm nodes = new(_silos, _caller);
        await nodes.EnrolAsync(_silos[0], _outcast, null, HttpStatusCode.Forbidden);
        await _caller.SendAsync(_silos[0], HttpMethod.Put, "/v1/fleet/policy", new { policy = "open" }, _operator);
        await _caller.SendAsync(
            _silos[0], HttpMethod.Post, "/v1/channels/stable/x86_64/publish", _release.Manifest.RawBytes.ToArray(), _operator,
            HttpStatusCode.Created);
        await nodes.EnrolAsync(_silos[1], _outcast, null);
        await _caller.SendAsync(
            _silos[1], HttpMethod.Post, $"/v1/providers/{_outcast.PublicKey.KeyId}/quarantine", new { reason = "for the test" }, _operator);
    }

    private async Task<Uri> PlasmdAsync(string name, string? bind, string readyPath, IEnumerable<string> arguments)
    {
        Uri url = new($"http://127.0.0.1:{LoopbackPort.Free()}/");
        ChildProcess process = ChildProcess.Start(name, "dotnet",
        [
            Programs.FileOf("plasmd"), "serve", "--port", $"{url.Port}", "--state-dir", _directory.At(name), "--dht-port", "0",
            .. bind is null ? (string[])[] : ["--bind", bind], .. arguments,
        ],
        (ProcessStartInfo start) =>
        {
            Programs.Clean(start);
            start.Environment["PLASM_OPERATOR_KEYS"] = _operator.PublicKey.KeyId;
            start.Environment["PLASM_FLOOD_LIMIT"] = "1000000";
            start.Environment["PLASM_DHT_RECORD_LIFE_SECONDS"] = "120";
        });
        _processes.Add(process);
        await HttpProbe.WaitForOkAsync(new Uri(url, readyPath), Programs.Limit, process);
        return url;
    }

    private async Task DownloadAsync(HttpClient client, string path)
    {
        using HttpResponseMessage answer = await client.GetAsync(new Uri(_gateway!, path));
        _ = await answer.Content.ReadAsByteArrayAsync();
    }

    /// <summary>Whatever the answer: where there is no LAN there is none.</summary>
    private static async Task AskAsync(params string[] command)
    {
        await using ChildProcess asker = ChildProcess.Start(
            string.Join(' ', command), "dotnet", [Programs.FileOf("plasmd"), .. command], Programs.Clean);
        await asker.WaitForExitAsync(Programs.Limit);
    }

    private static async Task<string> DhtAddressAsync(Uri plasmd)
    {
        using HttpClient client = new();
        string? found = null;
        await Eventually.IsAsync(async () =>
        {
            using JsonDocument status = JsonDocument.Parse(await client.GetStringAsync(plasmd));
            found = status.RootElement.GetProperty("libp2p") is { ValueKind: JsonValueKind.Object } libp2p
                ? libp2p.GetProperty("addresses").EnumerateArray().Select(address => address.GetString()).FirstOrDefault()
                : null;
            return found is not null;
        });
        return found!;
    }

    private static IEnumerable<string> Bootstrap(IEnumerable<string> addresses) =>
        addresses.SelectMany(address => (string[])["--bootstrap", address]);
}
