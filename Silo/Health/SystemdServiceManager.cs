using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Silo.Health;

/// <summary>Datagrams to the socket in NOTIFY_SOCKET, as sd_notify(3) describes.</summary>
internal sealed partial class SystemdServiceManager(string socketPath, TimeSpan? watchdogInterval, ILogger log) : IServiceManager
{
    /// <summary>Half the time after which systemd would kill the service, as sd_watchdog_enabled(3) advises.</summary>
    public TimeSpan? WatchdogInterval => watchdogInterval;

    /// <summary>From the environment; the one that does nothing where no systemd waits.</summary>
    public static IServiceManager FromEnvironment(ILogger log)
    {
        string? path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        if (!OperatingSystem.IsLinux() || string.IsNullOrEmpty(path))
        {
            return new NoServiceManager();
        }

        string? watchedPid = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        bool isWatched = string.IsNullOrEmpty(watchedPid) || watchedPid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return new SystemdServiceManager(
            path,
            isWatched && long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), out long microseconds) && microseconds > 0
                ? TimeSpan.FromMicroseconds(microseconds / 2.0)
                : null,
            log);
    }

    public void Notify(string state)
    {
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

            // An abstract name is written with @ for its leading NUL.
            socket.Connect(new UnixDomainSocketEndPoint(socketPath.StartsWith('@') ? "\0" + socketPath[1..] : socketPath));
            socket.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException e)
        {
            LogUnheard(state, socketPath, e);
        }
    }

    [LoggerMessage(1301, LogLevel.Warning, "systemd did not hear {State} at {SocketPath}; it may take the service for dead")]
    private partial void LogUnheard(string state, string socketPath, Exception exception);
}
