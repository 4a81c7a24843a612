using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.TestKit.FaultyProviders;

namespace PhaseMesh.Gateway.Tests.Storm;

/// <summary>
/// A machine that boots, as far as its requests go: an address of its own, one connection, the artifacts one after the other, each byte
/// compared; what is refused is asked for again when the gateway said.
/// </summary>
internal sealed class SimulatedMachine(int number, IPEndPoint gateway, TestRelease release)
{
    private const int MaxHeadBytes = 8192;

    /// <summary>How often it was told to come back.</summary>
    public int Refusals { get; private set; }

    private IPAddress Address => new([127, 1, (byte)(number >> 8), (byte)number]);

    /// <exception cref="InvalidDataException">An answer that is neither the artifact nor a refusal that says when to come back.</exception>
    public async Task BootAsync(CancellationToken cancellationToken)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(Address, 0));
        await socket.ConnectAsync(gateway, cancellationToken);
        byte[] buffer = new byte[16 * 1024];
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            while (await GetAsync(socket, kind, buffer, cancellationToken) is { } wait)
            {
                Refusals++;
                await Task.Delay(wait, TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <returns>Null: it came whole. Else how long to wait.</returns>
    private async Task<TimeSpan?> GetAsync(Socket socket, ArtifactKind kind, byte[] buffer, CancellationToken cancellationToken)
    {
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET /{kind.Name()} HTTP/1.1\r\nHost: gateway\r\n\r\n"), SocketFlags.None, cancellationToken);
        (string[] head, int start, int end) = await ReadHeadAsync(socket, buffer, cancellationToken);
        int status = int.Parse(head[0].Split(' ')[1], CultureInfo.InvariantCulture);
        long length = long.Parse(Field(head, "Content-Length"), CultureInfo.InvariantCulture);
        ArtifactContent content = release.Contents[kind];
        if (status == 200 ? length != content.Length : status != 503)
        {
            throw new InvalidDataException($"Machine {number}: {string.Join(" | ", head)}");
        }

        byte[] expected = new byte[buffer.Length];
        for (long at = 0; at < length;)
        {
            if (start == end)
            {
                (start, end) = (0, await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken));
                if (end == 0)
                {
                    throw new InvalidDataException($"Machine {number}: {kind} ended at {at} of {length}.");
                }
            }

            int count = (int)Math.Min(end - start, length - at);
            if (status == 200)
            {
                content.Read(at, expected.AsSpan(0, count));
                if (!buffer.AsSpan(start, count).SequenceEqual(expected.AsSpan(0, count)))
                {
                    throw new InvalidDataException($"Machine {number}: wrong bytes of {kind} after {at}.");
                }
            }

            (at, start) = (at + count, start + count);
        }

        return status == 200 ? null : TimeSpan.FromSeconds(int.Parse(Field(head, "Retry-After"), CultureInfo.InvariantCulture));
    }

    private static async Task<(string[] Head, int Start, int End)> ReadHeadAsync(
        Socket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        for (int end = 0; ;)
        {
            int count = await socket.ReceiveAsync(buffer.AsMemory(end, MaxHeadBytes - end), SocketFlags.None, cancellationToken);
            end += count;
            int length = buffer.AsSpan(0, end).IndexOf("\r\n\r\n"u8);
            if (length >= 0)
            {
                return (Encoding.ASCII.GetString(buffer, 0, length).Split("\r\n"), length + 4, end);
            }

            if (count == 0 || end == MaxHeadBytes)
            {
                throw new InvalidDataException($"No head of an answer in {end} bytes.");
            }
        }
    }

    private static string Field(string[] head, string name) =>
        head.First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();
}
