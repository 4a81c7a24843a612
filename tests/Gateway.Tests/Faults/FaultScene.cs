using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using PhaseMesh.Gateway.Tests.Hosting;
using PhaseMesh.TestKit;
using PhaseMesh.TestKit.FaultyProviders;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// phase-gateway as a process, before an honest plasmd that it is told to avoid by weight, and favourites that a scenario makes fail:
/// plasmd processes, or providers that misbehave in ways plasmd can't.
/// </summary>
internal sealed class FaultScene(FaultRelease release, FaultScenario scenario) : IAsyncDisposable
{
    private const int FavouriteWeight = 100;
    private const double HonestWeight = 0.01;
    private static readonly byte[] Filler = new byte[1 << 20];
    private readonly List<ChildProcess> _doomed = [];
    private readonly List<Uri> _doomedUrls = [];
    private readonly List<FaultyProvider> _liars = [];
    private readonly HttpClient _client = new() { Timeout = Programs.Limit };
    private readonly ReleaseDirectory _state = new();
    private bool _isMounted;

    public IReadOnlyList<ChildProcess> Doomed => _doomed;

    public IReadOnlyList<FaultyProvider> Liars => _liars;

    public ChildProcess Gateway { get; private set; } = null!;

    public Uri Url { get; private set; } = null!;

    public PacedDownloads Downloads { get; set; } = null!;

    private string File => _state.At("gateway.toml");

    private string Cache => _state.At("cache");

    public async Task StartAsync()
    {
        for (int i = 0; i < scenario.Doomed; i++)
        {
            _doomedUrls.Add(new Uri($"http://127.0.0.1:{LoopbackPort.Free()}/"));
            if (!scenario.DoomedJoinLater)
            {
                await StartDoomedAsync(i);
            }
        }

        for (int i = 0; i < scenario.Liars; i++)
        {
            _liars.Add(new FaultyProvider(release.Release) { StatusKey = "" });
        }

        if (scenario.CacheMegabytes is { } megabytes)
        {
            System.IO.Directory.CreateDirectory(Cache);
            await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", Cache], Programs.Limit);
            _isMounted = true;
        }

        Write(scenario.HasGood, favourites: true);
        await StartGatewayAsync();
        int expected = (scenario.HasGood ? 1 : 0) + scenario.Liars + (scenario.DoomedJoinLater ? 0 : scenario.Doomed);
        await UntilProvidersAsync(count => count >= expected);
    }

    /// <summary>The gateway, for the first time or again on the same port.</summary>
    public async Task StartGatewayAsync()
    {
        int port = Url?.Port ?? LoopbackPort.Free();
        await (Gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        (Gateway, Url) = await Programs.GatewayAsync(
            port, _state, release.Release, [], "--memory", "16MiB", "--config", File, "--max-streams-per-client", "256");
    }

    public async Task StartDoomedAsync(int index) => _doomed.Add(
        (await Programs.ServeAsync(release.Directory, $"doomed-{_doomedUrls[index].Port}", _doomedUrls[index].Port)).Process);

    public Task SignalAllAsync(string signal) => Task.WhenAll(_doomed.Select(process => process.SignalAsync(signal)));

    /// <summary>Kills processes and waits until they are gone.</summary>
    public static Task KillAsync(params IEnumerable<ChildProcess> processes) => Task.WhenAll(processes.Select(async process =>
    {
        await process.SignalAsync("KILL");
        await process.WaitForExitAsync(Programs.Limit);
    }));

    /// <summary>Every request from now on is answered so.</summary>
    public void Misbehave(ProviderFault fault)
    {
        foreach (FaultyProvider liar in _liars)
        {
            liar.FaultAt = FaultScenario.FaultAt;
            liar.Fault = fault;
        }
    }

    /// <summary>Writes until the disk under the cache is full.</summary>
    public void FillDisk()
    {
        using FileStream file = new(Path.Combine(Cache, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
        try
        {
            while (true)
            {
                file.Write(Filler);
            }
        }
        catch (IOException)
        {
            // Full now.
        }
    }

    /// <summary>Takes the favourites out of the file, and waits until the gateway has forgotten them.</summary>
    public async Task ReloadWithoutFavouritesAsync()
    {
        Write(hasGood: true, favourites: false);
        await Gateway.SignalAsync("HUP");
        await Gateway.WaitForLineAsync("The configuration was taken up: 1 providers", Programs.Limit);
        await UntilProvidersAsync(count => count == 1);
    }

    public Task<OutputLine> SeesAsync(string text) => Gateway.WaitForLineAsync(text, Programs.Limit);

    public async ValueTask DisposeAsync()
    {
        Downloads?.Dispose();
        _client.Dispose();
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        foreach (ChildProcess process in _doomed)
        {
            await process.DisposeAsync();
        }

        foreach (FaultyProvider liar in _liars)
        {
            await liar.DisposeAsync();
        }

        if (_isMounted)
        {
            await ChildProcess.RunAsync("umount", ["-l", Cache], Programs.Limit);
        }

        _state.Dispose();
    }

    private void Write(bool hasGood, bool favourites)
    {
        StringBuilder file = new();
        file.AppendLine("[gateway]");
        if (scenario.CacheMegabytes is not null)
        {
            file.AppendLine(CultureInfo.InvariantCulture, $"cache_dir = \"{Cache}\"\ncache_size = \"1GiB\"");
        }

        IEnumerable<string> favoured = favourites ? [.. _doomedUrls.Select(url => url.ToString()), .. _liars.Select(liar => liar.Url)] : [];
        foreach (string url in favoured)
        {
            file.AppendLine(CultureInfo.InvariantCulture, $"[[provider]]\nurl = \"{url}\"\nweight = {FavouriteWeight}");
        }

        if (hasGood)
        {
            file.AppendLine(CultureInfo.InvariantCulture, $"[[provider]]\nurl = \"{release.Good}\"\nweight = {HonestWeight}");
        }

        System.IO.File.WriteAllText(File, file.ToString());
    }

    private Task UntilProvidersAsync(Func<int, bool> isSo) => Eventually.IsAsync(async () =>
    {
        JsonElement status = await _client.GetFromJsonAsync<JsonElement>(Url);
        return isSo(status.GetProperty("providers").EnumerateArray().Count(provider => provider.GetProperty("healthy").GetBoolean()));
    });
}
