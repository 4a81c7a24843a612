using System.Net;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Telemetry.Tests.Dashboards;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Console.Tests.Support;

/// <summary>A silo on SQLite as a process of its own, a gateway before it, and the keys of those who operate and release.</summary>
internal sealed class RealFleet : IAsyncDisposable
{
    private readonly ReleaseDirectory _directory = new();
    private readonly TestRelease _release = TestRelease.Create();
    private readonly int _port = LoopbackPort.Free();
    private ChildProcess? _silo;
    private GatewayScene? _gateway;

    public Uri Gateway => _gateway!.Url;

    public Uri Silo => new($"http://127.0.0.1:{_port}/");

    public SignedCaller Caller { get; } = new();

    public Ed25519PrivateKey Operator { get; } = Ed25519PrivateKey.Generate();

    public Ed25519PrivateKey ReleaseKey => _release.Key;

    public string OperatorFile => FileOf("operator.key", Operator);

    public string ReleaseFile => FileOf("release.key", ReleaseKey);

    /// <summary>False: reads must be signed as well.</summary>
    private bool HasOpenReads { get; init; } = true;

    public static async Task<RealFleet> StartAsync(bool openReads = true)
    {
        RealFleet fleet = new() { HasOpenReads = openReads };
        try
        {
            await fleet.StartSiloAsync();
            fleet._gateway = await GatewayScene.StartAsync(
                fleet._directory, fleet._release, [], options => options with { Silos = [fleet.Silo] });
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>On the same port and database as before.</summary>
    public async Task StartSiloAsync()
    {
        _silo = ChildProcess.Start("silo", "dotnet",
        [
            Programs.FileOf("plasmd"), "serve", "--cluster-database", $"sqlite:{_directory.At("fleet.db")}", "--silo-name", "silo1",
            "--bind", "127.0.0.1", "--port", $"{_port}", "--state-dir", _directory.At("silo"), "--dht-port", "0",
            "--trust", ReleaseKey.PublicKey.KeyId,
        ],
        start =>
        {
            Programs.Clean(start);
            start.Environment["PLASM_OPERATOR_KEYS"] = Operator.PublicKey.KeyId;
            start.Environment["PLASM_OPEN_READS"] = HasOpenReads ? "true" : "false";
        });
        await HttpProbe.WaitForOkAsync(new Uri(Silo, HasOpenReads ? "/v1/cluster" : "/livez"), Programs.Limit, _silo);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillSiloAsync()
    {
        await _silo!.SignalAsync("KILL");
        await _silo.WaitForExitAsync(Programs.Limit);
        await _silo.DisposeAsync();
    }

    /// <param name="content">Releases with the same number have the same artifacts.</param>
    public async Task<string> PublishAsync(string channel, long release, int content, int percent = 100, DateTimeOffset? expires = null)
    {
        using TestRelease made = TestRelease.Create(new TestReleaseOptions
        {
            ContentSeed = content,
            Channel = ReleaseChannelName.Parse(channel),
            Release = release,
            Expires = expires,
        });
        JsonElement published = await Caller.SendAsync(
            Silo, HttpMethod.Post, $"/v1/channels/{channel}/x86_64/publish?percent={percent}", made.Manifest.RawBytes.ToArray(), Operator,
            HttpStatusCode.Created);
        return published.GetProperty("manifest").GetString()!;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using HttpClient client = new();
        using JsonDocument answer = JsonDocument.Parse(await client.GetStringAsync(new Uri(Silo, path)));
        return answer.RootElement.Clone();
    }

    public async Task<byte[]> ManifestAsync(string digest)
    {
        using HttpClient client = new();
        return await client.GetByteArrayAsync(new Uri(Silo, $"/v1/manifests/{digest}"));
    }

    /// <summary>A machine's key file.</summary>
    public string FileOf(string name, Ed25519PrivateKey key)
    {
        string path = _directory.At(name);
        if (!File.Exists(path))
        {
            key.SaveFile(path);
        }

        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await (_gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        Caller.Dispose();
        Operator.Dispose();
        _release.Dispose();
        _directory.Dispose();
    }
}
