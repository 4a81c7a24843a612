namespace PhaseMesh.Cluster.Reads;

/// <summary>
/// What the read-only calls of a scope get: <c>using (GrainReads.Newest()) { await grain.GetAsync(); }</c>. Without a scope a read sees
/// all writes of this silo and those of others that are older than <c>GrainClusterOptions.FreshnessBound</c>. Calls made by grains
/// within the scope follow it too.
/// </summary>
public static class GrainReads
{
    private static readonly AsyncLocal<Scope?> Ambient = new();

    internal static ReadMode Mode => Ambient.Value?.Mode ?? ReadMode.Fresh;

    /// <summary>Every write acknowledged anywhere before the call is seen; costs a round trip to the storage.</summary>
    public static IDisposable Newest() => new Scope(ReadMode.Newest);

    /// <summary>While the storage is away, the last state this silo saw will do, however old.</summary>
    public static IDisposable AllowStale() => new Scope(ReadMode.AllowStale);

    private sealed class Scope : IDisposable
    {
        private readonly Scope? _outer = Ambient.Value;

        public Scope(ReadMode mode)
        {
            Mode = mode;
            Ambient.Value = this;
        }

        public ReadMode Mode { get; }

        public void Dispose() => Ambient.Value = _outer;
    }
}

internal enum ReadMode
{
    Fresh,
    Newest,
    AllowStale,
}
