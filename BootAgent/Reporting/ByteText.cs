namespace PhaseMesh.BootAgent.Reporting;

/// <summary>Sizes as busybox wget prints them (11.4M, 1751k), in powers of 1024.</summary>
internal static class ByteText
{
    private const long Kilobyte = 1024;
    private const long Megabyte = Kilobyte * 1024;
    private const long Gigabyte = Megabyte * 1024;

    public static string Of(long bytes) => bytes switch
    {
        < 10 * Kilobyte => $"{bytes}",
        < 10 * Megabyte => $"{bytes / Kilobyte}k",
        < 10 * Gigabyte => $"{(double)bytes / Megabyte:0.0}M",
        _ => $"{(double)bytes / Gigabyte:0.0}G",
    };

    public static string Rate(double bytesPerSecond) => Of((long)bytesPerSecond) + "/s";
}
