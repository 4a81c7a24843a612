using System.Globalization;

namespace PhaseMesh.BootAgent.Storage;

internal static class MemoryInfo
{
    /// <summary>MemAvailable of /proc/meminfo (Documentation/filesystems/proc.rst); null when it cannot be read.</summary>
    public static long? AvailableBytes(string path = "/proc/meminfo")
    {
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words is ["MemAvailable:", var amount, "kB"] && long.TryParse(amount, CultureInfo.InvariantCulture, out long kilobytes))
                {
                    return kilobytes * 1024;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No /proc: the check that uses this is a courtesy, the kernel has the last word.
            return null;
        }

        return null;
    }
}
