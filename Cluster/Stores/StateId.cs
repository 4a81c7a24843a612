namespace PhaseMesh.Cluster.Stores;

/// <param name="Kind">Grain class and state name, such as <c>BootSession.boot</c>.</param>
/// <param name="Key">The grain's key.</param>
internal readonly record struct StateId(string Kind, string Key) : IComparable<StateId>
{
    /// <summary>A short name for change notices (FNV-1a, 64 bits). Two states that share one only cost each other a reload.</summary>
    public ulong Hash()
    {
        ulong hash = Mix(14695981039346656037, Kind);
        return Mix((hash ^ '\n') * 1099511628211, Key);
    }

    public int CompareTo(StateId other)
    {
        int kinds = string.CompareOrdinal(Kind, other.Kind);
        return kinds != 0 ? kinds : string.CompareOrdinal(Key, other.Key);
    }

    private static ulong Mix(ulong hash, string text)
    {
        foreach (char letter in text)
        {
            hash = (hash ^ letter) * 1099511628211;
        }

        return hash;
    }
}
