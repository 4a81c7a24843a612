using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.TestKit.Tracing;

/// <summary>How a receiver answers a request instead of taking it.</summary>
/// <param name="Status">HTTP's.</param>
/// <param name="RetryAfterSeconds">Null: none.</param>
public sealed record OtlpRefusal(int Status, int? RetryAfterSeconds = null);

/// <summary>
/// A collector on a loopback port: takes OTLP over HTTP, protobuf or JSON, at <c>/v1/traces</c> (and reads past <c>/v1/metrics</c>), and
/// keeps the spans. It can refuse, be slow, and go away and come back.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<ReceivedSpan> _spans = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TcpListener _listener;
    private CancellationTokenSource _away = new();
    private Task _serving;
    private int _requests;

    public OtlpReceiver()
    {
        _listener = Listen(0);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync(_listener, _away.Token);
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}");

    /// <summary>Asked for each request for traces, with its number from 1 on; null: it is taken.</summary>
    public Func<int, OtlpRefusal?>? Refuses { get; set; }

    /// <summary>Answers wait for it; null: they don't.</summary>
    public Task? Holds { get; set; }

    /// <summary>Requests for traces that came, taken or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>As they came; what was sent twice is there twice.</summary>
    public IReadOnlyList<ReceivedSpan> Spans
    {
        get
        {
            lock (_gate)
            {
                return [.. _spans];
            }
        }
    }

    /// <summary>OpenTelemetry's variables that make a program send here, soon.</summary>
    public (string Variable, string Value)[] Environment =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Url.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];

    /// <summary>Waits until what was received is as it shall be.</summary>
    /// <exception cref="TimeoutException">It was not within two minutes; the message has what there is.</exception>
    public async Task<IReadOnlyList<ReceivedSpan>> WaitForAsync(Func<IReadOnlyList<ReceivedSpan>, bool> isSo, string what)
    {
        using CancellationTokenSource limit = new(Limit, TimeProvider.System);
        while (true)
        {
            Task news;
            IReadOnlyList<ReceivedSpan> spans;
            lock (_gate)
            {
                (news, spans) = (_news.Task, [.. _spans]);
            }

            if (isSo(spans))
            {
                return spans;
            }

            try
            {
                await news.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Not within {Limit.TotalSeconds:0} s: {what}. {Requests} requests, spans: "
                    + string.Join(", ", spans.Select(span => $"{span.Service}/{span.Name}")));
            }
        }
    }

    /// <summary>Nobody listens any more, and what was open is cut.</summary>
    public async Task GoAwayAsync()
    {
        await _away.CancelAsync();
        _listener.Dispose();
        await _serving;
        _away.Dispose();
    }

    /// <summary>On the same port.</summary>
    public void ComeBack()
    {
        _away = new CancellationTokenSource();
        _listener = Listen(Port);
        _serving = ServeAsync(_listener, _away.Token);
    }

    public async ValueTask DisposeAsync() => await GoAwayAsync();

    private static TcpListener Listen(int port)
    {
        TcpListener listener = new(IPAddress.Loopback, port) { ExclusiveAddressUse = false };
        listener.Start();
        return listener;
    }

    private async Task ServeAsync(TcpListener listener, CancellationToken away)
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(AnswerAsync(await listener.AcceptTcpClientAsync(away), away));
            }
        }
        catch (OperationCanceledException) when (away.IsCancellationRequested)
        {
            await Task.WhenAll(connections);
        }
    }

    /// <summary>HTTP/1.1 as far as senders of OTLP use it: bodies of a length that is told, connections that are kept.</summary>
    private async Task AnswerAsync(TcpClient connection, CancellationToken away)
    {
        using TcpClient owned = connection;
        try
        {
            await using BufferedStream stream = new(connection.GetStream());
            while (await ReadLineAsync(stream, away) is { Length: > 0 } asked)
            {
                (int length, bool isJson) = (0, false);
                while (await ReadLineAsync(stream, away) is { Length: > 0 } header)
                {
                    string[] parts = header.Split(':', 2, StringSplitOptions.TrimEntries);
                    isJson |= parts[0].Equals("Content-Type", StringComparison.OrdinalIgnoreCase)
                        && parts[1].StartsWith("application/json", StringComparison.Ordinal);
                    length = parts[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                        ? int.Parse(parts[1], CultureInfo.InvariantCulture)
                        : length;
                }

                byte[] body = new byte[length];
                await stream.ReadExactlyAsync(body, away);
                OtlpRefusal? refusal = asked.StartsWith("POST /v1/traces ", StringComparison.Ordinal)
                    ? await TakeAsync(body, isJson, away)
                    : null;
                string retry = refusal?.RetryAfterSeconds is { } seconds ? $"Retry-After: {seconds}\r\n" : "";
                string type = isJson ? "application/json" : "application/x-protobuf";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {refusal?.Status ?? 200} OK\r\nContent-Type: {type}\r\n{retry}Content-Length: 0\r\n\r\n"), away);
                await stream.FlushAsync(away);
            }
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && away.IsCancellationRequested))
        {
            // The sender, or this receiver, went away meanwhile.
        }
    }

    /// <returns>Null at the end.</returns>
    private static async Task<string?> ReadLineAsync(BufferedStream stream, CancellationToken away)
    {
        StringBuilder line = new();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, away) == 1)
        {
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)one[0]);
        }

        return null;
    }

    private async Task<OtlpRefusal?> TakeAsync(byte[] body, bool isJson, CancellationToken away)
    {
        int request = Interlocked.Increment(ref _requests);
        OtlpRefusal? refusal = Refuses?.Invoke(request);
        await (Holds ?? Task.CompletedTask).WaitAsync(away);
        Tell(refusal is not null ? [] : isJson ? OtlpJson.SpansOf(body) : OtlpProtobuf.SpansOf(body));
        return refusal;
    }

    private void Tell(IEnumerable<ReceivedSpan> spans)
    {
        TaskCompletionSource told;
        lock (_gate)
        {
            _spans.AddRange(spans);
            (told, _news) = (_news, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        told.SetResult();
    }
}
