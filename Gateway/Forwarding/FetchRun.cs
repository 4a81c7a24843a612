using System.Diagnostics;
using System.Net;
using PhaseMesh.Gateway.Chunks;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>For whom chunks are read ahead; ends when the client has gone.</summary>
/// <param name="trace">The request that wants them; default where its trace is not recorded.</param>
internal sealed class ReaderInterest(string? clientSite, IPAddress client, ActivityContext trace = default)
{
    private volatile bool _hasEnded;

    public string? ClientSite { get; } = clientSite;

    public IPAddress Client { get; } = client;

    public ActivityContext Trace { get; } = trace;

    public bool HasEnded => _hasEnded;

    public void End() => _hasEnded = true;
}

/// <summary>
/// Adjacent chunks that one fetch owns, asked for in one request; what fails is asked for again elsewhere. Used by its fetch only, except
/// where said.
/// </summary>
internal sealed class FetchRun(ArtifactLayout layout, int first, IReadOnlyList<Chunk> chunks, ReaderInterest interest, bool isHedge)
    : IChunkFetch
{
    private volatile ProgressWatch? _watch;
    private volatile string? _currentProvider;
    private volatile Chunk? _receiving;

    public ArtifactLayout Layout { get; } = layout;

    public IReadOnlyList<Chunk> Chunks { get; } = chunks;

    public ReaderInterest Interest { get; } = interest;

    /// <summary>One attempt for one chunk, beside the run that owns it.</summary>
    public bool IsHedge { get; } = isHedge;

    /// <summary>Set by its fetch; null where it is for no recorded trace.</summary>
    public Activity? Span { get; set; }

    /// <summary>The first chunk that has not been received whole.</summary>
    public int Next { get; set; }

    /// <summary>What was received of it.</summary>
    public IncomingChunk? Incoming { get; set; }

    /// <summary>Two replicas' bytes did not make the chunk; from now on each chunk comes from one alone.</summary>
    public bool IsUnmixed { get; set; }

    /// <summary>Not asked again until all others failed.</summary>
    public HashSet<string> Tried { get; } = [];

    /// <summary>Never asked again.</summary>
    public HashSet<string> Liars { get; } = [];

    public IReadOnlyCollection<string> Excluded => Liars.Count == 0 ? Tried : [.. Tried, .. Liars];

    /// <summary>The end of what one request can ask for: the first chunk after the current that came otherwise.</summary>
    public int Stop
    {
        get
        {
            int stop = Next + 1;
            while (stop < Chunks.Count && !Chunks[stop].IsSettled)
            {
                stop++;
            }

            return stop;
        }
    }

    /// <summary>Whom it asks now; from any thread.</summary>
    public string? CurrentProvider => _currentProvider;

    public bool IsDone => Next >= Chunks.Count;

    public Chunk Current => Chunks[Next];

    public long OffsetOf(int index) => Layout.RangeOf(first + index).Offset;

    public long EndOffsetOf(int index) => OffsetOf(index) + Chunks[index].LengthBytes;

    /// <summary>The first byte still to be asked for; the end of the run when it is done.</summary>
    public long NextOffset => IsDone ? EndOffsetOf(Chunks.Count - 1) : OffsetOf(Next) + (Incoming?.ReceivedBytes ?? 0);

    /// <summary>Whether nobody wants what is left.</summary>
    public bool IsUnwanted
    {
        get
        {
            if (!Interest.HasEnded)
            {
                return false;
            }

            for (int index = Next; index < Chunks.Count; index++)
            {
                if (Chunks[index].Users > 0)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public void Attempt(string? provider, ProgressWatch? watch) => (_currentProvider, _watch) = (provider, watch);

    public void Receive(Chunk? chunk) => _receiving = chunk;

    /// <summary>From any thread. A chunk further on is left out when its turn comes.</summary>
    public void Overtaken(Chunk chunk)
    {
        if (_receiving == chunk || Chunks.Count == 1)
        {
            _watch?.Cancel(WatchEnd.Overtaken);
        }
    }

    public void DropIncoming()
    {
        Incoming?.Dispose();
        Incoming = null;
    }
}
