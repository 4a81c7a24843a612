using System.Globalization;
using System.Text;
using PhaseMesh.Cluster.Stores;

namespace PhaseMesh.Cluster.Postgres;

/// <summary>
/// What a batch tells other silos, by NOTIFY: <c>w</c>, the writer's 16 digits, then per state 16 digits of its hash, ':' and its new
/// version, ','. The version is at least that, whether or not this very write took place. PostgreSQL allows 7999 bytes.
/// </summary>
internal static class ChangeNotice
{
    private const int MaxBytes = 7900;
    private const int HeadLength = 17;

    public static string[] Write(string runId, IReadOnlyList<StateWrite> batch)
    {
        List<string> notices = [];
        StringBuilder notice = new(MaxBytes);
        foreach (StateWrite write in batch)
        {
            if (notice.Length == 0)
            {
                notice.Append('w').Append(runId);
            }

            notice.Append(CultureInfo.InvariantCulture, $"{write.Id.Hash():x16}:{write.ExpectedVersion + 1},");
            if (notice.Length > MaxBytes - 40)
            {
                notices.Add(notice.ToString());
                notice.Clear();
            }
        }

        if (notice.Length > 0)
        {
            notices.Add(notice.ToString());
        }

        return [.. notices];
    }

    /// <returns>False where it is no notice; others may use the channel.</returns>
    public static bool TryRead(ReadOnlySpan<char> notice, string ownRunId, IChangeSink changes)
    {
        if (notice is "e")
        {
            changes.OnEvents();
            return true;
        }

        if (notice.Length < HeadLength || notice[0] != 'w')
        {
            return false;
        }

        if (notice[1..HeadLength].SequenceEqual(ownRunId))
        {
            return true;
        }

        foreach (Range range in notice[HeadLength..].Split(','))
        {
            ReadOnlySpan<char> entry = notice[HeadLength..][range];
            if (entry.Length > 17 && entry[16] == ':'
                && ulong.TryParse(entry[..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong hash)
                && long.TryParse(entry[17..], out long version))
            {
                changes.OnChanged(hash, version);
            }
        }

        return true;
    }
}
