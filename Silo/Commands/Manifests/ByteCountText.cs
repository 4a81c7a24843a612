using System.Globalization;
using System.Numerics;
using PhaseMesh.Manifests;

namespace PhaseMesh.Silo.Commands.Manifests;

/// <summary><c>--chunk-size</c>: bytes, or <c>64KiB</c>, <c>1MiB</c> (also <c>64K</c>, <c>1M</c>).</summary>
internal static class ByteCountText
{
    public const string Rule = "a power of two from 64KiB to 64MiB, such as 1MiB";

    public static bool TryParseChunkSize(string text, out int bytes)
    {
        string digits = text.TrimEnd('i', 'B', 'K', 'M');
        int unit = text[digits.Length..] switch
        {
            "" or "B" => 1,
            "K" or "KiB" => 1 << 10,
            "M" or "MiB" => 1 << 20,
            _ => 0,
        };
        bytes = 0;
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || (long)count * unit is not (>= ChunkTable.MinChunkSizeBytes and <= ChunkTable.MaxChunkSizeBytes))
        {
            return false;
        }

        bytes = count * unit;
        return BitOperations.IsPow2(bytes);
    }
}
