using System.Globalization;
using System.Text;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// The hint that silos ring each other with, by NOTIFY: <c>w</c>, the writer's 16 digits, then per state 16 digits of its hash, ':' and
/// its new version, ','. The version is at least that, whether or not this very write took place. PostgreSQL allows 7999 bytes.
/// </summary>
internal static class ChangeNotice
{
    /// <summary>There are new events.</summary>
    public const string Events = "e";

    private const int MaxBytes = 7900;
    private const int HeadLength = 17;

    /// <param name="run">The writer.</param>
    /// <param name="entries">Hash and version of each state, in turn.</param>
    public static IEnumerable<string> Write(long run, IEnumerable<long> entries)
    {
        StringBuilder notice = new();
        long? hash = null;
        foreach (long number in entries)
        {
            if (hash is not { } known)
            {
                hash = number;
                continue;
            }

            if (notice.Length == 0)
            {
                notice.Append(CultureInfo.InvariantCulture, $"w{run:x16}");
            }

            notice.Append(CultureInfo.InvariantCulture, $"{(ulong)known:x16}:{number},");
            hash = null;
            if (notice.Length > MaxBytes - 40)
            {
                yield return notice.ToString();
                notice.Clear();
            }
        }

        if (notice.Length > 0)
        {
            yield return notice.ToString();
        }
    }

    /// <returns>False where it is no notice; others may use the channel.</returns>
    public static bool TryRead(ReadOnlySpan<char> notice, long ownRun, IChangeSink changes)
    {
        if (notice is Events)
        {
            changes.OnEvents();
            return true;
        }

        if (notice.Length < HeadLength || notice[0] != 'w'
            || !long.TryParse(notice[1..HeadLength], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long run))
        {
            return false;
        }

        if (run == ownRun)
        {
            return true;
        }

        foreach (Range range in notice[HeadLength..].Split(','))
        {
            ReadOnlySpan<char> entry = notice[HeadLength..][range];
            if (entry.Length > 17 && entry[16] == ':'
                && ulong.TryParse(entry[..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong hash)
                && long.TryParse(entry[17..], CultureInfo.InvariantCulture, out long version))
            {
                changes.OnChanged(hash, version);
            }
        }

        return true;
    }
}
