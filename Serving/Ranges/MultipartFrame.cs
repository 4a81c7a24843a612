using System.Text;

namespace PhaseMesh.Serving.Ranges;

/// <summary>The bytes around the parts of a multipart/byteranges body (RFC 9110 section 14.6), known before the first is sent.</summary>
internal sealed class MultipartFrame
{
    private readonly string _boundary = $"phasemesh-{Guid.NewGuid():N}";
    private readonly byte[] _end;

    public MultipartFrame(IReadOnlyList<ByteRange> ranges, long totalBytes, string contentType)
    {
        _end = Encoding.ASCII.GetBytes($"\r\n--{_boundary}--\r\n");
        PartHeaders = [.. ranges.Select((range, index) => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(
            $"{(index == 0 ? "" : "\r\n")}--{_boundary}\r\nContent-Type: {contentType}\r\nContent-Range: {range.ContentRange(totalBytes)}\r\n\r\n"))];
        LengthBytes = ranges.Sum(range => range.LengthBytes) + PartHeaders.Sum(header => (long)header.Length) + _end.Length;
    }

    public string ContentType => $"multipart/byteranges; boundary={_boundary}";

    /// <summary>What precedes each part.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> PartHeaders { get; }

    public ReadOnlyMemory<byte> End => _end;

    /// <summary>Of the whole body.</summary>
    public long LengthBytes { get; }
}
