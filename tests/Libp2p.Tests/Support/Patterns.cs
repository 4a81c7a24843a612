using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using PhaseMesh.Libp2p.Transport;

namespace PhaseMesh.Libp2p.Tests.Support;

/// <summary>Bytes that any party can make and check without keeping them.</summary>
internal static class Patterns
{
    public static byte[] Block(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<string> SendAsync(MuxedStream stream, long totalBytes, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = Block(256 * 1024, 7);
        for (long left = totalBytes; left > 0; left -= block.Length)
        {
            ReadOnlyMemory<byte> part = block.AsMemory(0, (int)Math.Min(left, block.Length));
            hash.AppendData(part.Span);
            await stream.WriteAsync(part, cancellationToken);
        }
        await stream.CloseWriteAsync(cancellationToken);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static async Task<(string Digest, long Bytes)> ReceiveAsync(MuxedStream stream, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        while (true)
        {
            ReadResult result = await stream.Input.ReadAsync(cancellationToken);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
            {
                hash.AppendData(segment.Span);
                total += segment.Length;
            }
            stream.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return (Convert.ToHexStringLower(hash.GetHashAndReset()), total);
            }
        }
    }

    public static async Task<byte[]> ReadAllAsync(MuxedStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await stream.Input.ReadAsync(cancellationToken);
            if (result.IsCompleted)
            {
                byte[] all = result.Buffer.ToArray();
                stream.Input.AdvanceTo(result.Buffer.End);
                return all;
            }
            stream.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
