using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>
/// Which machines a staged rollout takes: those whose hash of channel, release and machine id is below the percentage. So the answer is the
/// same on every silo, a machine that is in stays in when the percentage grows, and each release begins with other machines.
/// </summary>
public static class Rollout
{
    private const int Buckets = 10_000;

    /// <param name="channel">The channel's key.</param>
    /// <param name="release">Its number.</param>
    /// <param name="machineId">Not empty.</param>
    /// <param name="percent">0 to 100.</param>
    public static bool Includes(string channel, long release, string machineId, int percent)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{channel}\n{release}\n{machineId}"));
        int bucket = (int)(((UInt128)BinaryPrimitives.ReadUInt64BigEndian(hash) * Buckets) >> 64);
        return bucket < percent * (Buckets / 100);
    }
}
