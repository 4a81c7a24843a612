using Microsoft.Extensions.Logging;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Configuration;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Hosting;

/// <summary>A whole gateway in this process, on a loopback port.</summary>
internal sealed class GatewayScene : IAsyncDisposable
{
    private GatewayScene(GatewayHost host)
    {
        Host = host;
        Url = new Uri($"http://127.0.0.1:{host.BoundPort}/");
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Url, Timeout = Programs.Limit };
    }

    public GatewayHost Host { get; }

    public Uri Url { get; }

    public HttpClient Client { get; }

    public static async Task<GatewayScene> StartAsync(
        ReleaseDirectory directory, TestRelease release, IEnumerable<Uri> providers, Func<GatewayOptions, GatewayOptions>? change = null,
        Func<string, string?>? variable = null)
    {
        GatewayOptions options = new()
        {
            Trust = new TrustPolicy([release.Key.PublicKey]),
            Providers = [.. providers.Select(url => new ConfiguredProvider(url))],
            Port = 0,
            Bind = "localhost",
            StateDirectory = directory.At("gateway"),
            PollInterval = TimeSpan.FromMilliseconds(100),
            Chunks = new ChunkStoreOptions { MemoryBytes = 64 << 20, Directory = directory.At("cache") },
        };
        return new GatewayScene(await GatewayHost.StartAsync(
            change?.Invoke(options) ?? options, new GatewaySurroundings
            {
                Logging = logging => logging.ClearProviders().AddProvider(new SilentLog()),
                Variable = variable ?? Environment.GetEnvironmentVariable,
            }));
    }

    /// <summary>Waits until a release is known.</summary>
    public Task ReadyAsync() =>
        Host.Directory.WaitForAsync(snapshot => snapshot.Releases.Count > 0, CancellationToken.None).WaitAsync(Programs.Limit);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }

    /// <summary>Enabled, as in service: what the framework does for a log it does here too.</summary>
    private sealed class SilentLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}
