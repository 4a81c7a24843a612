using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Forwarding.Support;

/// <summary>Sends one wrong byte, and closes the connection in the middle of the chunk before anyone can know.</summary>
internal sealed class HalfLiar : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private Task _serving = Task.CompletedTask;

    public Uri Url => new($"http://{_listener.LocalEndpoint}");

    public static HalfLiar Start(ArtifactContent content, long lieAt, int breakAt)
    {
        HalfLiar liar = new();
        liar._listener.Start();
        liar._serving = liar.ServeAsync(content, lieAt, breakAt);
        return liar;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task ServeAsync(ArtifactContent content, long lieAt, int breakAt)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                NetworkStream stream = client.GetStream();
                byte[] request = new byte[4096];
                int length = await stream.ReadAsync(request, _stop.Token);
                if (length == 0)
                {
                    continue; // Whoever connected thought better of it.
                }

                string range = Encoding.ASCII.GetString(request, 0, length).Split("bytes=")[1].Split('\r')[0];
                long from = long.Parse(range.Split('-')[0], CultureInfo.InvariantCulture);
                long to = long.Parse(range.Split('-')[1], CultureInfo.InvariantCulture);
                byte[] body = new byte[Math.Min(breakAt, to - from + 1)];
                content.Read(from, body);
                if (lieAt >= from && lieAt < from + body.Length)
                {
                    body[lieAt - from] ^= 1;
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 206 Partial Content\r\nContent-Length: {to - from + 1}\r\n"
                    + $"Content-Range: bytes {from}-{to}/{content.Length}\r\n\r\n"), _stop.Token);
                await stream.WriteAsync(body, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }
}
