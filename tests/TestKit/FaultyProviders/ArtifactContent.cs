using System.Buffers.Binary;

namespace PhaseMesh.TestKit.FaultyProviders;

/// <summary>
/// The bytes of an artifact as a function of the offset, so that a test can serve gigabytes without holding them: a block of random
/// bytes over and over, with its number written into it.
/// </summary>
public sealed class ArtifactContent
{
    private const int BlockBytes = 1 << 16;
    private readonly byte[] _block = new byte[BlockBytes];

    public ArtifactContent(int seed, long length)
    {
        Length = length;
        new Random(seed).NextBytes(_block);
    }

    public long Length { get; }

    public void Read(long offset, Span<byte> destination)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        while (destination.Length > 0)
        {
            (long block, long within) = Math.DivRem(offset, BlockBytes);
            int count = (int)Math.Min(destination.Length, BlockBytes - within);
            Span<byte> part = destination[..count];
            _block.AsSpan((int)within, count).CopyTo(part);
            BinaryPrimitives.WriteInt64LittleEndian(number, block);
            for (long i = within; i < sizeof(long) && i - within < count; i++)
            {
                part[(int)(i - within)] ^= number[(int)i];
            }

            destination = destination[count..];
            offset += count;
        }
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        Read(0, bytes);
        return bytes;
    }

    public async Task WriteToAsync(string path)
    {
        await using FileStream file = File.Create(path);
        byte[] buffer = new byte[1 << 20];
        for (long offset = 0; offset < Length; offset += buffer.Length)
        {
            int count = (int)Math.Min(buffer.Length, Length - offset);
            Read(offset, buffer.AsSpan(0, count));
            await file.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}
