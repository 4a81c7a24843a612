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
        ArtifactKind? kind = KindOf(path);
        ServedRequest request = new(path, HeaderOf(head, "Range"), HeaderOf(head, "If-Range"), kind) { TraceParent = HeaderOf(head, "traceparent") };
        lock (_gate)
        {
            _requests.Add(request);
        }

        if (path == "/" && StatusKey is { } key)
        {
            string status = $$"""
                {"name":"plasmd","state":"serving","node":"{{key}}","load":{"requests_in_flight":1},"releases":[{"channel":"{{_release.Manifest.Channel}}",
                 "arch":"{{_release.Manifest.Arch}}","manifest":"{{_release.Manifest.Digest}}","state":"serving"}]}
                """;
            await SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {status.Length}\r\n\r\n{status}", cancellationToken);
            return true;
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
                await SendAsync(stream, "HTTP/1.1 200 OK\r\n"
                    + string.Concat(Enumerable.Repeat($"X-Filler: {new string('x', 1000)}\r\n", 200)), cancellationToken);
                return false;
            case ProviderFault.RedirectLoop:
                await SendAsync(stream, $"HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n", cancellationToken);
                return true;
            case ProviderFault.RedirectToHttps:
                await SendAsync(stream, $"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{Port}{path}\r\nContent-Length: 0\r\n\r\n",
                    cancellationToken);
                return true;
            case ProviderFault.Busy:
                await SendAsync(
                    stream, $"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RetryAfter}\r\nContent-Length: 0\r\n\r\n",
                    cancellationToken);
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

        ServedFile file;
        if (isManifest)
        {
            ReadOnlyMemory<byte> bytes = ManifestBytes;
            void Read(long offset, Span<byte> piece) => bytes.Span.Slice((int)offset, piece.Length).CopyTo(piece);
            file = new ServedFile(bytes.Length, Read, $"\"{_release.Manifest.Digest}\"", fault);
        }
        else
        {
            ArtifactContent content = _release.Contents[kind!.Value];
            file = new ServedFile(content.Length, content.Read, $"\"{_release.Manifest.Artifacts[kind.Value].Digest}\"", fault);
        }

        return await SendFileAsync(client, request, file, cancellationToken);
    }

    private delegate void ContentReader(long offset, Span<byte> piece);

    private readonly record struct ServedFile(long Size, ContentReader Read, string EntityTag, ProviderFault Fault);

    private async Task<bool> SendFileAsync(TcpClient client, ServedRequest request, ServedFile file, CancellationToken cancellationToken)
    {
        if (file.Fault == ProviderFault.ShortFile)
        {
            file = file with { Size = Math.Max(1, FaultAt) };
        }

        (long from, long to) = (0, file.Size - 1);
        bool isRange = request.Range is not null && file.Fault != ProviderFault.IgnoresRanges;
        if (isRange)
        {
            string[] ends = request.Range!["bytes=".Length..].Split('-');
            from = long.Parse(ends[0], CultureInfo.InvariantCulture);
            to = Math.Min(long.Parse(ends[1], CultureInfo.InvariantCulture), file.Size - 1);
            if (from >= file.Size)
            {
                string refusal = $"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{file.Size}\r\nContent-Length: 0\r\n\r\n";
                await SendAsync(client.GetStream(), refusal, cancellationToken);
                return true;
            }
        }

        long surplus = file.Fault is ProviderFault.TooMuch or ProviderFault.TooMuchUnannounced ? 1000 : 0;
        long length = to - from + 1 + surplus;
        await SendAsync(client.GetStream(), HeadOf(file, isRange, from, to, length), cancellationToken);
        return await SendBodyAsync(client, request, file, from, length, cancellationToken);
    }

    private static string HeadOf(ServedFile file, bool isRange, long from, long to, long length)
    {
        StringBuilder head = new();
        head.Append(isRange ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
        head.Append(IsChunked(file) ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {length}\r\n");
        head.Append($"ETag: {file.EntityTag}\r\n");
        if (isRange)
        {
            long shift = file.Fault == ProviderFault.WrongContentRange ? 1 : 0;
            head.Append($"Content-Range: bytes {from + shift}-{to + shift}/{file.Size}\r\n");
        }

        if (file.Fault == ProviderFault.Compresses)
        {
            head.Append("Content-Encoding: gzip\r\n");
        }

        return head.Append("\r\n").ToString();
    }

    private async Task<bool> SendBodyAsync(
        TcpClient client, ServedRequest request, ServedFile file, long from, long length, CancellationToken cancellationToken)
    {
        NetworkStream stream = client.GetStream();
        bool breaks = file.Fault is ProviderFault.Truncates or ProviderFault.Resets or ProviderFault.Stalls or ProviderFault.Drips;
        byte[] piece = new byte[PieceBytes];
        for (long sent = 0; sent < length;)
        {
            long at = from + sent;
            int count = (int)Math.Min(PieceBytes, length - sent);
            if (breaks && at < FaultAt)
            {
                count = (int)Math.Min(count, FaultAt - at);
            }
            else if (breaks)
            {
                if (!await MisbehaveAsync(client, file.Fault, cancellationToken))
                {
                    return false;
                }

                count = 1;
            }

            Fill(file, at, piece.AsSpan(0, count));
            await SendPieceAsync(stream, piece.AsMemory(0, count), IsChunked(file), cancellationToken);
            sent += count;
            if (request.Artifact is not null && !await AccountAsync(request, count, file.Fault, cancellationToken))
            {
                return false;
            }
        }

        if (IsChunked(file))
        {
            await SendAsync(stream, "0\r\n\r\n", cancellationToken);
        }

        return true;
    }

    private void Fill(ServedFile file, long at, Span<byte> piece)
    {
        piece.Clear();
        file.Read(at, piece[..(int)Math.Clamp(file.Size - at, 0, piece.Length)]);
        if (file.Fault == ProviderFault.FlipsByte && FaultAt >= at && FaultAt < at + piece.Length)
        {
            piece[(int)(FaultAt - at)] ^= 0x10;
        }
    }

    /// <returns>False: that was the byte it died of.</returns>
    private async Task<bool> AccountAsync(ServedRequest request, int count, ProviderFault fault, CancellationToken cancellationToken)
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

        return true;
    }

    private static bool IsChunked(ServedFile file) => file.Fault == ProviderFault.TooMuchUnannounced;

    private static async Task SendPieceAsync(
        NetworkStream stream, ReadOnlyMemory<byte> piece, bool isChunked, CancellationToken cancellationToken)
    {
        if (isChunked)
        {
            await SendAsync(stream, $"{piece.Length:x}\r\n", cancellationToken);
        }

        await stream.WriteAsync(piece, cancellationToken);
        if (isChunked)
        {
            await SendAsync(stream, "\r\n", cancellationToken);
        }
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
                client.Client.Close(0); // Disposing of the client would say goodbye in order first.
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

    private static Task ForeverAsync(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    private static async Task SendAsync(NetworkStream stream, string text, CancellationToken cancellationToken) =>
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken);
}
