using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>
/// Downloads a body over several connections at once and drops it in the kernel (recv with MSG_TRUNC copies nothing), so
/// that the client costs as little as can be and the server is what is measured.
/// </summary>
internal static partial class StreamLoad
{
    private const int TruncateFlag = 0x20;
    private const int BufferSizeBytes = 1 << 20;

    /// <returns>Seconds from the first request to the last byte of the last connection.</returns>
    public static async Task<double> RunAsync(Uri url, int connections, long expectedBodyBytes)
    {
        using Barrier start = new(connections + 1);
        Task[] clients = [.. Enumerable.Range(0, connections).Select(_ => Task.Factory.StartNew(
            () => Download(url, expectedBodyBytes, start), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        start.SignalAndWait();
        long started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(clients);
        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static void Download(Uri url, long expectedBodyBytes, Barrier start)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, url.Port);
        byte[] buffer = new byte[BufferSizeBytes];
        start.SignalAndWait();
        socket.Send(Encoding.ASCII.GetBytes($"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: close\r\n\r\n"));

        // The header is read as it is; what came of the body with it counts.
        int have = 0;
        int headerEnd;
        while ((headerEnd = buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8)) < 0)
        {
            int count = socket.Receive(buffer.AsSpan(have, 4096));
            have += count > 0 ? count : throw new InvalidOperationException($"{url} closed the connection before its header.");
        }

        if (!buffer.AsSpan().StartsWith("HTTP/1.1 200"u8))
        {
            throw new InvalidOperationException($"{url} answered {Encoding.ASCII.GetString(buffer.AsSpan(0, headerEnd))}");
        }

        long body = have - headerEnd - 4;
        while (true)
        {
            nint count = Receive((int)socket.Handle, buffer, BufferSizeBytes, TruncateFlag);
            if (count <= 0)
            {
                break;
            }

            body += count;
        }

        if (body != expectedBodyBytes)
        {
            throw new InvalidOperationException($"{url} sent {body} bytes of body, expected {expectedBodyBytes}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte[] buffer, nint length, int flags);
}
