using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace PhaseMesh.Benchmarks.Loads;

/// <summary>
/// Downloads bodies over several connections at once and drops them in the kernel (recv with MSG_TRUNC copies nothing), so
/// that the client costs as little as can be and the server is what is measured.
/// </summary>
internal static partial class StreamLoad
{
    private const int TruncateFlag = 0x20;
    private const int BufferSizeBytes = 1 << 20;

    /// <summary>The same body over every connection, all at once.</summary>
    public static async Task<StreamTimes> RunAsync(Uri url, int connections, long expectedBodyBytes)
    {
        using Barrier start = new(connections + 1);
        Task<long>[] clients = [.. Enumerable.Range(0, connections).Select(_ => OnThread(
            () => Download(url, expectedBodyBytes, start.SignalAndWait)))];
        start.SignalAndWait();
        long started = Stopwatch.GetTimestamp();
        long[] firstBytes = await Task.WhenAll(clients);
        return new StreamTimes(
            Stopwatch.GetElapsedTime(started).TotalSeconds, firstBytes.Max(at => Stopwatch.GetElapsedTime(started, at).TotalSeconds));
    }

    /// <summary>One body after the other, as many at a time as there are connections.</summary>
    /// <returns>Seconds that each took.</returns>
    public static async Task<IReadOnlyList<double>> RunEachAsync(IEnumerable<Uri> urls, int connections, long expectedBodyBytes)
    {
        ConcurrentQueue<Uri> left = new(urls);
        ConcurrentBag<double> seconds = [];
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => OnThread(() =>
        {
            while (left.TryDequeue(out Uri? url))
            {
                long started = Stopwatch.GetTimestamp();
                Download(url, expectedBodyBytes, () => { });
                seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            return 0;
        })));
        return [.. seconds];
    }

    private static Task<T> OnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <param name="url">What to download.</param>
    /// <param name="expectedBodyBytes">Any other length is an error.</param>
    /// <param name="ready">Called when connected, before anything is asked for.</param>
    /// <returns>When the first byte of the body was there.</returns>
    private static long Download(Uri url, long expectedBodyBytes, Action ready)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, url.Port);
        byte[] buffer = new byte[BufferSizeBytes];
        ready();
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
        long firstByte = body > 0 ? Stopwatch.GetTimestamp() : 0;
        while (true)
        {
            nint count = Receive((int)socket.Handle, buffer, BufferSizeBytes, TruncateFlag);
            if (count <= 0)
            {
                break;
            }

            firstByte = firstByte == 0 ? Stopwatch.GetTimestamp() : firstByte;
            body += count;
        }

        return body == expectedBodyBytes
            ? firstByte
            : throw new InvalidOperationException($"{url} sent {body} bytes of body, expected {expectedBodyBytes}.");
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte[] buffer, nint length, int flags);
}
