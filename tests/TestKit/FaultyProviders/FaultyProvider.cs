using System.Net;
using System.Net.Sockets;
using System.Text;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.FaultyProviders;

/// <summary>What was asked for and how much of an artifact was sent.</summary>
public sealed record ServedRequest(string Path, string? Range, string? IfRange, ArtifactKind? Artifact)
{
    private long _bytes;

    /// <summary>The request's <c>traceparent</c>; null for none.</summary>
    public string? TraceParent { get; init; }

    public long Bytes => Interlocked.Read(ref _bytes);

    internal void Add(int count) => Interlocked.Add(ref _bytes, count);
}

/// <summary>
/// An HTTP provider of one <see cref="TestRelease"/> on a loopback port, made of bare sockets so that it can misbehave in ways no web
/// server lets one configure. Properties may be changed while it serves.
/// </summary>
public sealed partial class FaultyProvider : IAsyncDisposable
{
    private readonly TestRelease _release;
    private readonly Lock _gate = new();
    private readonly List<ServedRequest> _requests = [];
    private readonly List<Task> _connections = [];
    private readonly List<(long Bytes, TaskCompletionSource Reached)> _waiters = [];
    private CancellationTokenSource _stop = new();
    private TcpListener _listener;
    private Task _accepting;
    private long _artifactBytes;

    public FaultyProvider(TestRelease release, ProviderFault fault = ProviderFault.None)
    {
        _release = release;
        Fault = fault;
        ManifestBytes = release.Manifest.RawBytes;
        Port = LoopbackPort.Free(); // Still free when it restarts, as no outgoing connection can take it.
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = AcceptAsync(_listener, _stop.Token);
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    public ProviderFault Fault { get; set; }

    /// <summary>The fault applies to artifacts; this makes it apply to the manifest instead.</summary>
    public bool FaultIsInManifest { get; set; }

    /// <summary>Null: the fault applies to every artifact.</summary>
    public ArtifactKind? FaultyArtifact { get; set; }

    /// <summary>The byte of the artifact at which the fault sets in.</summary>
    public long FaultAt { get; set; }

    /// <summary>What <see cref="ProviderFault.Busy"/> has in <c>Retry-After</c>.</summary>
    public string RetryAfter { get; set; } = "1";

    public ReadOnlyMemory<byte> ManifestBytes { get; set; }

    /// <summary>False: it answers <c>/blobs/</c> with 404, as a plain web server does.</summary>
    public bool HasBlobs { get; set; } = true;

    /// <summary>False: only <c>/manifest.json</c> and <c>/kernel</c>, nothing below <c>/{channel}/{arch}</c>.</summary>
    public bool HasChannels { get; set; } = true;

    /// <summary>The key that its status (<c>GET /</c>) claims; null: it has no status.</summary>
    public string? StatusKey { get; set; }

    /// <summary>Null: as fast as it can.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>Bytes of artifacts sent since it was made.</summary>
    public long ArtifactBytes => Interlocked.Read(ref _artifactBytes);

    public IReadOnlyList<ServedRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Completes when this many bytes of artifacts have been sent.</summary>
    public Task WhenServed(long bytes)
    {
        lock (_gate)
        {
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (ArtifactBytes >= bytes)
            {
                reached.SetResult();
            }
            else
            {
                _waiters.Add((bytes, reached));
            }

            return reached.Task;
        }
    }

    /// <summary>Closes the port and every connection, as a killed process would.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
            _connections.Clear();
        }

        await Task.WhenAll(connections);
    }

    /// <summary>Serves again on the same port.</summary>
    public void Restart()
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = AcceptAsync(_listener, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(cancellationToken);
                client.NoDelay = true;
                lock (_gate)
                {
                    _connections.Add(ServeAsync(client, cancellationToken));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException && cancellationToken.IsCancellationRequested)
        {
            // Stopped; in between two connections the listener says so first.
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (client)
        {
            try
            {
                while (await ReadHeadAsync(client.GetStream(), cancellationToken) is { } head
                    && await AnswerAsync(client, head, cancellationToken))
                {
                }
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side went away, or this one was stopped.
            }

            if (cancellationToken.IsCancellationRequested && client.Client is { } socket)
            {
                socket.LingerState = new LingerOption(true, 0);
            }
        }
    }

    private static async Task<string[]?> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            length += read;
            string text = Encoding.Latin1.GetString(buffer, 0, length);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                return text[..end].Split("\r\n");
            }
        }
    }

    private void CountSent(ServedRequest request, int bytes)
    {
        request.Add(bytes);
        long total = Interlocked.Add(ref _artifactBytes, bytes);
        lock (_gate)
        {
            foreach ((long wanted, TaskCompletionSource reached) in _waiters)
            {
                if (total >= wanted)
                {
                    reached.TrySetResult();
                }
            }
        }
    }
}
