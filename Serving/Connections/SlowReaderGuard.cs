using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace PhaseMesh.Serving.Connections;

/// <summary>
/// Cuts off a client that takes longer than <see cref="ServingLimits.SliceTimeout"/> for a slice of a body. Looked at by the server's
/// heartbeat, about once a second, so arming it costs one store.
/// </summary>
/// <remarks>
/// It resets the connection. An ordinary close would leave what the client has not taken, up to some megabytes, in the
/// kernel's hands for as long as the client keeps dripping.
/// </remarks>
public sealed partial class SlowReaderGuard(ConnectionContext connection, TimeProvider clock, TimeSpan limit, ILogger log)
{
    private const long Disarmed = long.MinValue;
    private long _armedAt = Disarmed;

    public static Func<ConnectionDelegate, ConnectionDelegate> Middleware(TimeProvider clock, ServingLimits limits, ILogger log) => next => connection =>
    {
        SlowReaderGuard guard = new(connection, clock, limits.SliceTimeout, log);
        connection.Features.Set(guard);
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static state => ((SlowReaderGuard)state).Check(), guard);
        return next(connection);
    };

    /// <summary>A slice is about to be flushed.</summary>
    public void Arm() => Volatile.Write(ref _armedAt, clock.GetTimestamp());

    /// <summary>It was.</summary>
    public void Disarm() => Volatile.Write(ref _armedAt, Disarmed);

    private void Check()
    {
        long armedAt = Volatile.Read(ref _armedAt);
        if (armedAt == Disarmed || clock.GetElapsedTime(armedAt) < limit)
        {
            return;
        }

        Disarm();
        LogTooSlow(connection.RemoteEndPoint?.ToString(), limit);
        try
        {
            if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            LogGone(connection.RemoteEndPoint?.ToString(), e.Message);
        }

        connection.Abort(new ConnectionAbortedException($"The client took longer than {limit} for one slice."));
    }

    [LoggerMessage(1202, LogLevel.Information, "{Client} took longer than {Limit} for one slice of a download; it was cut off and may resume")]
    private partial void LogTooSlow(string? client, TimeSpan limit);

    [LoggerMessage(1203, LogLevel.Debug, "{Client} went away as it was cut off: {Reason}")]
    private partial void LogGone(string? client, string reason);
}
