using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace PhaseMesh.Silo.Tests.Serving;

/// <summary>HTTP by hand, for what HttpClient would never send.</summary>
internal sealed class RawExchange(Socket socket) : IDisposable
{
    private static readonly byte[] EndOfHeaders = "\r\n\r\n"u8.ToArray();
    private readonly List<byte> _received = [];

    public Socket Socket => socket;

    public async Task SendAsync(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent));
        }
    }

    /// <summary>Status line and header lines.</summary>
    public async Task<string[]> ReadHeadersAsync()
    {
        int end;
        while ((end = IndexOfEnd()) < 0)
        {
            Assert.True(await ReceiveAsync() > 0, $"Connection closed before the headers ended: {Encoding.Latin1.GetString([.. _received])}");
        }

        string[] lines = Encoding.Latin1.GetString([.. _received.Take(end)]).Split("\r\n");
        _received.RemoveRange(0, end + EndOfHeaders.Length);
        return lines;
    }

    public static long LengthIn(string[] headers) =>
        long.Parse(headers.Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))[15..], CultureInfo.InvariantCulture);

    public async Task<byte[]> ReadBodyAsync(long lengthBytes)
    {
        while (_received.Count < lengthBytes)
        {
            Assert.True(await ReceiveAsync() > 0, $"Connection closed after {_received.Count} of {lengthBytes} bytes.");
        }

        byte[] body = [.. _received.Take((int)lengthBytes)];
        _received.RemoveRange(0, (int)lengthBytes);
        return body;
    }

    /// <summary>Everything until the other side closes; a reset counts as closing.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        try
        {
            while (await ReceiveAsync() > 0)
            {
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // What came before it is what counts.
        }

        return [.. _received];
    }

    public void Dispose() => socket.Dispose();

    private async Task<int> ReceiveAsync()
    {
        using CancellationTokenSource limit = new(ServingScene.Limit);
        byte[] buffer = new byte[256 * 1024];
        int count = await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
        _received.AddRange(buffer.AsSpan(0, count));
        return count;
    }

    private int IndexOfEnd() => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received).IndexOf(EndOfHeaders);
}
