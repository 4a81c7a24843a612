namespace PhaseMesh.BootAgent.Reporting;

/// <summary>Sizes as busybox wget prints them (11.4M, 1751k): three to four digits and a unit, powers of 1024.</summary>
internal static class ByteText
{
    public static string Of(long bytes)
    {
        const double Unit = 1024;
        double value = bytes;
        foreach (string suffix in (ReadOnlySpan<string>)["", "k", "M", "G"])
        {
            if (value < Unit * 10 && suffix is "M" or "G" || value < 100 && suffix.Length > 0)
            {
                return $"{value:0.0}{suffix}";
            }

            if (value < Unit * 10 || (suffix is "M" or "G" && value < Unit))
            {
                return $"{value:0}{suffix}";
            }

            value /= Unit;
        }

        return $"{value:0.0}T";
    }

    public static string Rate(double bytesPerSecond) => Of((long)bytesPerSecond) + "/s";
}
