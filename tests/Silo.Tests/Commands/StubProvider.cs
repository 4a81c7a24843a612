using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Silo.Tests.Commands;

/// <summary>Answers every connection on a loopback port with the same bytes, whatever is asked; can also never answer.</summary>
internal sealed class StubProvider : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    private StubProvider(byte[]? answer)
    {
        _listener.Start();
        _serving = ServeAsync(answer);
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static StubProvider Json(string json) =>
        Raw($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\nConnection: close\r\n\r\n{json}");

    public static StubProvider Raw(string answer) => new(Encoding.UTF8.GetBytes(answer));

    public static StubProvider Raw(byte[] answer) => new(answer);

    public static StubProvider Silent() => new(null);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[]? answer)
    {
        List<TcpClient> open = [];
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                open.Add(client);
                if (answer is not null)
                {
                    await AnswerAsync(client, answer);
                }
            }
        }
        catch (Exception ended) when (_stop.IsCancellationRequested
            && ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            open.ForEach(client => client.Dispose());
        }
    }

    private async Task AnswerAsync(TcpClient client, byte[] answer)
    {
        try
        {
            NetworkStream stream = client.GetStream();
            byte[] request = new byte[4096];
            await stream.ReadAtLeastAsync(request, 1, throwOnEndOfStream: false, _stop.Token);
            await stream.WriteAsync(answer, _stop.Token);
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (IOException)
        {
            client.Dispose(); // The client hung up on an answer it did not like, which some tests are about.
        }
    }
}
