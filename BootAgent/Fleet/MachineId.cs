using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>
/// What this machine is called from boot to boot, so that a staged rollout treats it alike: the firmware's UUID (SMBIOS 3.x, 7.2.1), or
/// where that is none, a hash of its first network card's own address.
/// </summary>
internal static class MachineId
{
    /// <summary>What firmware says that nobody gave a UUID: all machines of a maker would be one.</summary>
    private static readonly string[] Placeholders =
    [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc",
    ];

    /// <param name="sys">Where sysfs is.</param>
    /// <returns>At most 40 characters; null for a machine that has neither.</returns>
    public static string? Read(string sys = "/sys")
    {
        if (Guid.TryParseExact(ReadSmall(Path.Combine(sys, "class/dmi/id/product_uuid")), "D", out Guid uuid)
            && !Placeholders.Contains(uuid.ToString("D")))
        {
            return $"dmi-{uuid:D}";
        }

        string? address = Cards(Path.Combine(sys, "class/net")).Order(StringComparer.Ordinal).FirstOrDefault();
        return address is null
            ? null
            : $"mac-{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"phase-machine-1\n{address}")).AsSpan(0, 16))}";
    }

    /// <summary>Addresses of hardware (it has a device) that were not made up or changed (NET_ADDR_PERM).</summary>
    private static IEnumerable<string> Cards(string net)
    {
        string[] faces;
        try
        {
            faces = Directory.Exists(net) ? Directory.GetDirectories(net) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            faces = [];
        }

        return faces.Where(face => Path.Exists(Path.Combine(face, "device")) && ReadSmall(Path.Combine(face, "addr_assign_type")) == "0")
            .Select(face => ReadSmall(Path.Combine(face, "address")))
            .OfType<string>()
            .Where(address => address.Length == 17 && address != "00:00:00:00:00:00");
    }

    private static string? ReadSmall(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path, Encoding.Latin1).Trim().ToLowerInvariant() : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // Such as the UUID to anybody but root.
        }
    }
}
