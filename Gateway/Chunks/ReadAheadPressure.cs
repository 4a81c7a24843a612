namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// How often chunks that were read ahead were evicted before anyone had them: then the store is too small for so much read-ahead, and would
/// fetch the same chunks again and again. Told under the store's lock.
/// </summary>
internal sealed class ReadAheadPressure
{
    private const int MaxLevel = 4;

    /// <summary>So many evictions in a row of chunks that had served lower the level by one.</summary>
    private const int CalmEvictions = 64;

    private int _level;
    private int _calm;

    /// <summary>0 to 4.</summary>
    public int Level => Volatile.Read(ref _level);

    public void Evicted(bool wasUsed)
    {
        if (!wasUsed)
        {
            Volatile.Write(ref _level, Math.Min(MaxLevel, _level + 1));
            _calm = 0;
        }
        else if (++_calm >= CalmEvictions)
        {
            Volatile.Write(ref _level, Math.Max(0, _level - 1));
            _calm = 0;
        }
    }
}
