using System.Text;

namespace PhaseMesh.Manifests.Pointers;

/// <summary>
/// Which values of the namespace <see cref="ManifestPointer.Namespace"/> a node keeps, and which of several it prefers. A pointer with an
/// invented release number can displace the true ones until it expires; it leads to no boot, because no trusted key signed what it points
/// to, and the provider records at the same key are not displaced.
/// </summary>
public static class ManifestPointerRules
{
    /// <summary>A clock may be wrong by so much, and a pointer under way so long.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    /// <summary>Null for a value that may be kept under the key, else why not.</summary>
    /// <param name="now">Null on a machine whose clock cannot be trusted: expiry is not checked then.</param>
    public static string? Refuse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset? now) =>
        !ManifestPointer.TryRead(value, out ManifestPointer? pointer, out string? problem) ? problem
        : !key.SequenceEqual(Encoding.UTF8.GetBytes(pointer.Key)) ? $"Pointer of {pointer.Key}, expected one of the key it is put at"
        : pointer.Expires < now - ClockTolerance ? $"Pointer expired at {pointer.Expires:u}, it is {now:u}"
        : pointer.Expires > now + ManifestPointer.MaxLife + ClockTolerance
            ? $"Pointer expires at {pointer.Expires:u}, more than {ManifestPointer.MaxLife.TotalHours:0} h after {now:u}"
        : null;

    /// <summary>Index of the newest release; of one release the pointer that expires last; then the first.</summary>
    /// <param name="values">One or more; what is no pointer loses.</param>
    public static int SelectBest(IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        int best = 0;
        (long Release, DateTimeOffset Expires) bestRank = Rank(values[0]);
        for (int index = 1; index < values.Count; index++)
        {
            (long Release, DateTimeOffset Expires) rank = Rank(values[index]);
            if (rank.CompareTo(bestRank) > 0)
            {
                (best, bestRank) = (index, rank);
            }
        }

        return best;
    }

    private static (long Release, DateTimeOffset Expires) Rank(ReadOnlyMemory<byte> value) =>
        ManifestPointer.TryRead(value.Span, out ManifestPointer? pointer, out _) ? (pointer.Release ?? -1, pointer.Expires) : (-2, default);
}
