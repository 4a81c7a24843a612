using System.Globalization;

namespace PhaseMesh.Gateway.Configuration;

/// <summary>Sizes as people write them: <c>1048576</c>, <c>64KiB</c>, <c>512MiB</c>, <c>2GiB</c>.</summary>
internal static class ByteSize
{
    private static readonly (string Suffix, int Shift)[] Units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

    /// <returns>False as well for what is larger than a petabyte.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        (string suffix, int shift) = Units.FirstOrDefault(
            unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal), (Suffix: "", Shift: 0));
        if (!long.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || count > (1L << 50) >> shift)
        {
            return false;
        }

        bytes = count << shift;
        return true;
    }
}
