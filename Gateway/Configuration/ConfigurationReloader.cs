using System.Security.Cryptography;
using System.Threading.Channels;
using PhaseMesh.Gateway.Admission;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>Reads the configuration again as it was read at the start.</summary>
/// <param name="Load">Null options: the problems say why.</param>
/// <param name="Path">The file that is looked at for changes, whether it is there or not.</param>
internal sealed record ConfigurationSource(Func<(GatewayOptions? Options, IReadOnlyList<string> Problems)> Load, string Path);

/// <summary>
/// Takes up a changed configuration: 1. told by SIGHUP, or because the content of a file changed and then stayed for one more look, 2. read
/// and checked whole, 3. swapped. What is wrong is logged, and the configuration in force stays. Requests under way are not touched.
/// </summary>
internal sealed partial class ConfigurationReloader(
    LiveOptions live, AdmissionControl admission, ConfigurationSource source, TimeProvider clock, ILogger<ConfigurationReloader> log)
    : BackgroundService
{
    /// <summary>Larger files are no configuration, key or certificate; their first part tells a change well enough.</summary>
    private const int MaxLookBytes = 2 << 20;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _asked =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Reload, whatever the files say; from any thread.</summary>
    public void Ask() => _asked.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string applied = Look();
        string seen = applied;
        while (true)
        {
            // 1.
            bool isAsked = await WaitAsync(stoppingToken);
            string now = Look();
            if (isAsked || (now != applied && now == seen))
            {
                Reload();
                applied = now;
            }

            seen = now;
        }
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _asked.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(LookInterval, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            return _asked.Reader.TryRead(out _);
        }
    }

    private void Reload()
    {
        // 2.
        (GatewayOptions? next, IReadOnlyList<string> problems) = source.Load();
        if (next is null)
        {
            LogRefused(problems.Count);
            foreach (string problem in problems)
            {
                LogProblem(problem);
            }

            return;
        }

        // 3.
        GatewayOptions current = live.Current;
        foreach (string name in current.ReadOnce.Keys.Union(next.ReadOnce.Keys).Order(StringComparer.Ordinal)
            .Where(name => current.ReadOnce.GetValueOrDefault(name) != next.ReadOnce.GetValueOrDefault(name)))
        {
            LogNeedsRestart(name);
        }

        live.Swap(current.Reloaded(next));
        admission.Apply(next.Admission);
        LogReloaded(next.Providers.Count, next.Silos.Count, next.Networks.Count);
    }

    /// <summary>What the watched files hold, as one word.</summary>
    private string Look()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 << 10];
        foreach (string path in live.Current.WatchedFiles.Prepend(source.Path))
        {
            try
            {
                using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                hash.AppendData("+"u8);
                for (int total = 0, read; total < MaxLookBytes && (read = file.Read(buffer)) > 0; total += read)
                {
                    hash.AppendData(buffer.AsSpan(0, read));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                hash.AppendData("-"u8); // Not there, or not readable: loading it will say so.
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    [LoggerMessage(5010, LogLevel.Information,
        "The configuration was taken up: {Providers} providers by URL, {Silos} silos, {Networks} networks of clients")]
    private partial void LogReloaded(int providers, int silos, int networks);

    [LoggerMessage(5011, LogLevel.Warning, "The configuration has {Problems} problems and is not taken up; the one in force stays")]
    private partial void LogRefused(int problems);

    [LoggerMessage(5012, LogLevel.Warning, "Not taken up: {Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(5013, LogLevel.Warning, "{Setting} has changed; it is read once, so it takes a restart")]
    private partial void LogNeedsRestart(string setting);
}
