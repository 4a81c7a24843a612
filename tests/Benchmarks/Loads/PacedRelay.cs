using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>
/// A server behind a line of its own: what it sends is relayed at so many bytes a second in all, however many connections there are, and
/// counted. nginx's limit_rate would not do: it gives a whole second's bytes at once, and to each connection.
/// </summary>
internal sealed class PacedRelay : IAsyncDisposable
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>What an idle line has to give at once, as a switch's queue would.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly double _secondsPerByte;
    private readonly Uri _server;
    private readonly Task _accepting;
    private long _freeAt = Stopwatch.GetTimestamp();
    private long _bytesSent;

    public PacedRelay(Uri server, double bytesPerSecond)
    {
        (_server, _secondsPerByte) = (server, 1 / bytesPerSecond);
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>By the server, heads of answers included.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(RelayAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using Socket server = new(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                server.NoDelay = client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, _server.Port, end.Token);
                Task asked = CopyAsync(client, server, isPaced: false, end.Token);
                Task answered = CopyAsync(server, client, isPaced: true, end.Token);
                await Task.WhenAny(asked, answered);
                await end.CancelAsync();
                await Task.WhenAll(asked, answered);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // One side is gone, and so is the other with it: what a line does.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isPaced, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[PieceBytes];
        int count;
        while ((count = await from.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            if (isPaced)
            {
                await Task.Delay(Take(count), TimeProvider.System, cancellationToken);
            }

            for (int sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), cancellationToken);
            }

            Interlocked.Add(ref _bytesSent, isPaced ? count : 0);
        }
    }

    /// <returns>How long until the line is free for them, after those that came before.</returns>
    private TimeSpan Take(int bytes)
    {
        lock (_gate)
        {
            long now = Stopwatch.GetTimestamp();
            long earliest = now - (long)(Burst.TotalSeconds * Stopwatch.Frequency);
            _freeAt = Math.Max(_freeAt, earliest) + (long)(bytes * _secondsPerByte * Stopwatch.Frequency);
            return _freeAt > now ? Stopwatch.GetElapsedTime(now, _freeAt) : TimeSpan.Zero;
        }
    }
}
