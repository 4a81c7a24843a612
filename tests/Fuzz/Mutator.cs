using System.Buffers.Binary;
using System.Text;

namespace PhaseMesh.Fuzz.Tests;

/// <summary>Damages inputs, the same way for the same seed.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> corpus, string[]? tokens)
{
    private const int MaxBytes = 16 * 1024;
    private static readonly ulong[] Edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, long.MaxValue, ulong.MaxValue];
    private readonly Random _random = new(seed);
    private readonly byte[][] _tokens =
        [.. (tokens ?? []).Select(Encoding.UTF8.GetBytes), [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x00], [0xc3, 0x28]];

    public byte[] Next()
    {
        List<byte> bytes = [.. Pick(corpus)];
        for (int change = _random.Next(5); change > 0; change--)
        {
            Change(bytes);
        }
        if (bytes.Count > MaxBytes)
        {
            bytes.RemoveRange(MaxBytes, bytes.Count - MaxBytes);
        }
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Pick(_tokens));
            return;
        }
        int at = _random.Next(bytes.Count);
        int length = Math.Min(_random.Next(1, 48), bytes.Count - at);
        switch (_random.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes[at] = (byte)(bytes[at] + _random.Next(-2, 3));
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            case 6:
                bytes.InsertRange(at, Pick(_tokens));
                break;
            case 7:
                bytes.InsertRange(at, Pick(corpus));
                break;
            case 8:
                byte[] edge = new byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(edge, Edges[_random.Next(Edges.Length)]);
                for (int index = 0; index < Math.Min(1 << _random.Next(4), bytes.Count - at); index++)
                {
                    bytes[at + index] = edge[index];
                }
                break;
            default:
                bytes.RemoveAt(at);
                break;
        }
    }

    private byte[] Pick(IReadOnlyList<byte[]> from) => from[_random.Next(from.Count)];
}
