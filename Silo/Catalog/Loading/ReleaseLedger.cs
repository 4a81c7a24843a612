using System.Globalization;
using PhaseMesh.Manifests;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>
/// What must outlive a restart, in <c>STATE/releases</c>: the manifest made for each slot, and the highest release served. Operator's
/// releases and generated ones count separately, for the counter belongs to who signs: an operator's release 1 may replace the provider's own 7.
/// </summary>
internal sealed class ReleaseLedger(string stateDirectory)
{
    private readonly string _directory = Path.Combine(stateDirectory, "releases");

    /// <summary>Highest release number of an operator's manifest served so far; null when there was none.</summary>
    public long? HighestSigned(ReleaseSlot slot) => ReadNumber(NumberPath(slot));

    public void RememberSigned(ReleaseSlot slot, long release)
    {
        if (HighestSigned(slot) is not { } highest || release > highest)
        {
            AtomicFile.Write(NumberPath(slot), System.Text.Encoding.ASCII.GetBytes(release.ToString(CultureInfo.InvariantCulture) + "\n"));
        }
    }

    /// <summary>The manifest last made for the slot; null when there is none, or none that can be read.</summary>
    public BootManifest? Generated(ReleaseSlot slot)
    {
        byte[]? bytes = ReadOrNull(ManifestPath(slot));
        return bytes is not null && BootManifest.TryParse(bytes, out BootManifest? manifest, out _) ? manifest : null;
    }

    public void SaveGenerated(ReleaseSlot slot, BootManifest manifest) => AtomicFile.Write(ManifestPath(slot), manifest.RawBytes.Span);

    private string NumberPath(ReleaseSlot slot) => Path.Combine(_directory, $"{slot.Channel}.{slot.Arch}.highest");

    private string ManifestPath(ReleaseSlot slot) => Path.Combine(_directory, $"{slot.Channel}.{slot.Arch}.json");

    private static long? ReadNumber(string path)
    {
        if (ReadOrNull(path) is not { } bytes)
        {
            return null;
        }

        return long.TryParse(bytes, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new IOException($"{path} should hold one number, the highest release served; it does not. Remove it to accept any release.");
    }

    private static byte[]? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
