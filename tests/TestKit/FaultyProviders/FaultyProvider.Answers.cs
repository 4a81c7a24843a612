using System.Globalization;
using System.Net.Sockets;
using System.Text;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.TestKit.FaultyProviders;

public sealed partial class FaultyProvider
{
    private const int PieceBytes = 32 * 1024;

    /// <returns>Whether the connection goes on.</returns>
    private async Task<bool> AnswerAsync(TcpClient client, string[] head, CancellationToken cancellationToken)
    {
        NetworkStream stream = client.GetStream();
        string path = head[0].Split(' ')[1];
        string? range = HeaderOf(head, "Range");
        ArtifactKind? kind = KindOf(path);
        ServedRequest request = new(path, range, HeaderOf(head, "If-Range"), kind);
        lock (_gate)
        {
            _requests.Add(request);
        }

        bool isManifest = path.EndsWith("/manifest.json", StringComparison.Ordinal);
        bool isThere = isManifest ? HasChannels || path == "/manifest.json" : kind is not null;
        bool applies = isManifest ? FaultIsInManifest : !FaultIsInManifest && (FaultyArtifact is null || FaultyArtifact == kind);
        ProviderFault fault = applies ? Fault : ProviderFault.None;
        switch (fault)
        {
            case ProviderFault.SlowHeaders:
                await ForeverAsync(cancellationToken);
                return false;
            case ProviderFault.Gibberish:
                await SendAsync(stream, "SSH-2.0-OpenSSH_9.2\r\n", cancellationToken);
                return false;
            case ProviderFault.HugeHeaders:
                await SendAsync(stream, "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat($"X-Filler: {new string('x', 1000)}\r\n", 200)), cancellationToken);
                return false;
            case ProviderFault.RedirectLoop:
                await SendAsync(stream, $"HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n", cancellationToken);
                return true;
            case ProviderFault.RedirectToHttps:
                await SendAsync(stream, $"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{Port}{path}\r\nContent-Length: 0\r\n\r\n", cancellationToken);
                return true;
            case ProviderFault.ServerError:
                await SendAsync(stream, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", cancellationToken);
                return true;
        }

        if (fault == ProviderFault.NotFound || !isThere)
        {
            await SendAsync(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", cancellationToken);
            return true;
        }

        if (isManifest)
        {
            ReadOnlyMemory<byte> bytes = ManifestBytes;
            return await SendFileAsync(client, request, bytes.Length, (offset, piece) => bytes.Span.Slice((int)offset, piece.Length).CopyTo(piece),
                $"\"{_release.Manifest.Digest}\"", null, fault, cancellationToken);
        }

        ArtifactContent content = _release.Contents[kind!.Value];
        string entityTag = $"\"{_release.Manifest.Artifacts[kind.Value].Digest}\"";
        return await SendFileAsync(client, request, content.Length, content.Read, entityTag, range, fault, cancellationToken);
    }

    private delegate void ContentReader(long offset, Span<byte> piece);

    private async Task<bool> SendFileAsync(
        TcpClient client, ServedRequest request, long size, ContentReader read, string entityTag, string? range, ProviderFault fault, CancellationToken cancellationToken)
    {
        NetworkStream stream = client.GetStream();
        if (fault == ProviderFault.ShortFile)
        {
            size = Math.Max(1, FaultAt);
        }

        (long from, long to) = (0, size - 1);
        bool isRange = range is not null && fault != ProviderFault.IgnoresRanges;
        if (isRange)
        {
            string[] ends = range!["bytes=".Length..].Split('-');
            from = long.Parse(ends[0], CultureInfo.InvariantCulture);
            to = Math.Min(long.Parse(ends[1], CultureInfo.InvariantCulture), size - 1);
            if (from >= size)
            {
                await SendAsync(stream, $"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{size}\r\nContent-Length: 0\r\n\r\n", cancellationToken);
                return true;
            }
        }

        bool isUnannounced = fault == ProviderFault.TooMuchUnannounced;
        long length = to - from + 1 + (fault is ProviderFault.TooMuch or ProviderFault.TooMuchUnannounced ? 1000 : 0);
        StringBuilder head = new();
        head.Append(isRange ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
        head.Append(isUnannounced ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {length}\r\n");
        head.Append($"ETag: {entityTag}\r\n");
        if (isRange)
        {
            long shift = fault == ProviderFault.WrongContentRange ? 1 : 0;
            head.Append($"Content-Range: bytes {from + shift}-{to + shift}/{size}\r\n");
        }

        if (fault == ProviderFault.Compresses)
        {
            head.Append("Content-Encoding: gzip\r\n");
        }

        await SendAsync(stream, head.Append("\r\n").ToString(), cancellationToken);
        byte[] piece = new byte[PieceBytes];
        for (long sent = 0; sent < length;)
        {
            long at = from + sent;
            int count = (int)Math.Min(PieceBytes, length - sent);
            bool stopsHere = fault is ProviderFault.Truncates or ProviderFault.Resets or ProviderFault.Stalls or ProviderFault.Drips;
            if (stopsHere && at < FaultAt)
            {
                count = (int)Math.Min(count, FaultAt - at);
            }
            else if (stopsHere)
            {
                if (!await MisbehaveAsync(client, fault, cancellationToken))
                {
                    return false;
                }

                count = 1;
            }

            Span<byte> bytes = piece.AsSpan(0, count);
            bytes.Clear();
            int real = (int)Math.Clamp(size - at, 0, count);
            read(at, bytes[..real]);
            if (fault == ProviderFault.FlipsByte && FaultAt >= at && FaultAt < at + count)
            {
                bytes[(int)(FaultAt - at)] ^= 0x10;
            }

            if (isUnannounced)
            {
                await SendAsync(stream, $"{count:x}\r\n", cancellationToken);
            }

            await stream.WriteAsync(piece.AsMemory(0, count), cancellationToken);
            if (isUnannounced)
            {
                await SendAsync(stream, "\r\n", cancellationToken);
            }

            sent += count;
            if (request.Artifact is not null)
            {
                CountSent(request, count);
                if (fault == ProviderFault.Dies && ArtifactBytes >= FaultAt)
                {
                    await _stop.CancelAsync();
                    _listener.Stop();
                    return false;
                }

                if (BytesPerSecond is { } rate)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)count / rate), TimeProvider.System, cancellationToken);
                }
            }
        }

        if (isUnannounced)
        {
            await SendAsync(stream, "0\r\n\r\n", cancellationToken);
        }

        return true;
    }

    /// <returns>Whether one more byte follows.</returns>
    private static async Task<bool> MisbehaveAsync(TcpClient client, ProviderFault fault, CancellationToken cancellationToken)
    {
        switch (fault)
        {
            case ProviderFault.Drips:
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken);
                return true;
            case ProviderFault.Stalls:
                await ForeverAsync(cancellationToken);
                return false;
            case ProviderFault.Resets:
                client.LingerState = new LingerOption(true, 0);
                return false;
            default:
                return false;
        }
    }

    private ArtifactKind? KindOf(string path)
    {
        foreach (ArtifactKind kind in _release.Contents.Keys)
        {
            string plain = "/" + kind.Name();
            if ((HasBlobs && path == $"/blobs/{_release.Manifest.Artifacts[kind].Digest}") || path == plain
                || (HasChannels && path == $"/{_release.Manifest.Channel}/{_release.Manifest.Arch}{plain}"))
            {
                return kind;
            }
        }

        return null;
    }

    private static string? HeaderOf(string[] head, string name) =>
        head.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private static Task ForeverAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    private static async Task SendAsync(NetworkStream stream, string text, CancellationToken cancellationToken) =>
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken);
}
