using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Console;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Connections;

namespace PhaseMesh.Serving.Hosting;

/// <summary>What the web applications of provider and gateway have in common.</summary>
public static class ServingHost
{
    public static void Apply(this KestrelServerOptions kestrel, ServingLimits limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxRequestLineSize = limits.MaxRequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = limits.MaxHeaderCount;
        kestrel.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;

        // For the answers that are no artifacts; those are timed slice by slice (SlowReaderGuard), before this would strike.
        kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: limits.SliceTimeout + TimeSpan.FromSeconds(5));
    }

    /// <summary>HTTP/1.1 with the limits of connections; without TLS, bodies leave by sendfile where the system can.</summary>
    public static void UseServing(this ListenOptions listen, ServingLimits limits, bool isTls = false)
    {
        listen.Protocols = HttpProtocols.Http1;
        IServiceProvider services = listen.ApplicationServices;
        listen.Use(services.GetRequiredService<ConnectionGate>().Wrap);
        listen.Use(SlowReaderGuard.Middleware(
            services.GetRequiredService<TimeProvider>(), limits, services.GetRequiredService<ILogger<SlowReaderGuard>>()));
        if (!isTls && limits.BodyTransport is BodyTransport.Best && SendfileTransport.IsSupported)
        {
            listen.UseSendfile();
        }
    }

    /// <summary>[::] takes IPv4 as well; where there is no IPv6, 0.0.0.0.</summary>
    /// <param name="bind">An address or <c>localhost</c>; null: every address.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public static IPEndPoint EndPointOf(string? bind, int port) => bind switch
    {
        null => new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port),
        "localhost" => new IPEndPoint(IPAddress.Loopback, port),
        _ => new IPEndPoint(
            IPAddress.TryParse(bind, out IPAddress? address)
                ? address
                : throw new FormatException($"Expected an IP address or localhost to listen on, found '{bind}'."),
            port),
    };

    public static void LogToStandardError(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    /// <summary>Signals belong to the program, not to the web application.</summary>
    public static void AddLifetimeOfItsOwner(this IServiceCollection services) => services.AddSingleton<IHostLifetime, LifetimeOfItsOwner>();

    private sealed class LifetimeOfItsOwner : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
