using System.Security.Cryptography;
using PhaseMesh.Libp2p.Tests.Support;

namespace PhaseMesh.Interop.Tests.Libp2p;

/// <summary>Digests of what each side sends as bulk, computed here without a network.</summary>
internal static class JsPattern
{
    private const int BlockBytes = 262144;

    /// <summary>peer.mjs: byte i of each block is (31 i + seed) mod 256.</summary>
    public static byte[] Block(int length, int seed) => [.. Enumerable.Range(0, length).Select(index => (byte)((index * 31) + seed))];

    public static string Digest(long total) => Hash(Block(BlockBytes, 7), total);

    public static string OurDigest(long total) => Hash(Patterns.Block(BlockBytes, 7), total);

    private static string Hash(byte[] block, long total)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long left = total; left > 0; left -= block.Length)
        {
            hash.AppendData(block.AsSpan(0, (int)Math.Min(left, block.Length)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
