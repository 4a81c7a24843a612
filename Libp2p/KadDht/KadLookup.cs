using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// One iterative look-up: asks the nearest peers known so far, alpha at a time, and learns nearer ones from their answers. It ends when
/// the k nearest peers that answer have all been asked, when the caller has what it wanted, or when a limit is reached. A peer that does
/// not answer drops out and the next nearest takes its place.
/// </summary>
internal sealed class KadLookup
{
    /// <summary>
    /// Requests of one look-up: several times what an honest network of millions needs, so liars cannot lead it on for ever.
    /// </summary>
    private const int MaxRequests = 256;

    /// <summary>Peers remembered as candidates; the farthest go first.</summary>
    private const int MaxCandidates = 1024;

    private readonly KadKey _target;
    private readonly PeerId _self;
    private readonly int _width;
    private readonly int _concurrency;
    private readonly SortedList<KadKey, Candidate> _candidates = new(Comparer<KadKey>.Create(static (left, right) =>
        left.CompareTo(right)));
    private readonly HashSet<PeerId> _known = [];

    public KadLookup(KadKey target, PeerId self, IEnumerable<PeerId> seeds, int width, int concurrency)
    {
        _target = target;
        _self = self;
        _width = width;
        _concurrency = concurrency;
        foreach (PeerId seed in seeds)
        {
            Hear(seed, 0);
        }
    }

    /// <summary>Requests sent.</summary>
    public int Requests { get; private set; }

    /// <summary>Longest chain of peers that led to an answer.</summary>
    public int Hops { get; private set; }

    /// <summary>The nearest peers that answered, nearest first.</summary>
    public List<PeerId> Closest =>
        [.. _candidates.Values.Where(static one => one.State == State.Answered).Take(_width).Select(static one => one.Peer)];

    /// <param name="ask">
    /// Asks one peer; returns the peers it named, or null when it did not answer. Never throws but for cancellation.
    /// </param>
    /// <param name="isDone">Whether the caller has what it wanted; looked at after every answer.</param>
    public async Task RunAsync(
        Func<PeerId, CancellationToken, Task<IReadOnlyList<PeerId>?>> ask, Func<bool> isDone, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<Candidate>> running = [];
        try
        {
            while (!isDone())
            {
                while (running.Count < _concurrency && Requests < MaxRequests && Next() is { } candidate)
                {
                    candidate.State = State.Asked;
                    Requests++;
                    running.Add(AskAsync(candidate, ask, stop.Token));
                }
                if (running.Count == 0)
                {
                    return;
                }
                Task<Candidate> ended = await Task.WhenAny(running);
                running.Remove(ended);
                Take(await ended);
            }
        }
        finally
        {
            await stop.CancelAsync();
            // Requests under way are ours until they have ended.
            await Task.WhenAll(running.Select(static task => task.ContinueWith(
                static ended => ended.Exception,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default)));
        }
    }

    private static async Task<Candidate> AskAsync(
        Candidate candidate, Func<PeerId, CancellationToken, Task<IReadOnlyList<PeerId>?>> ask, CancellationToken cancellationToken)
    {
        candidate.Named = await ask(candidate.Peer, cancellationToken);
        return candidate;
    }

    private void Take(Candidate asked)
    {
        asked.State = asked.Named is null ? State.Failed : State.Answered;
        if (asked.Named is null)
        {
            return;
        }
        Hops = Math.Max(Hops, asked.Depth + 1);
        foreach (PeerId peer in asked.Named)
        {
            Hear(peer, asked.Depth + 1);
        }
        asked.Named = [];
    }

    private void Hear(PeerId peer, int depth)
    {
        if (peer == _self || !_known.Add(peer))
        {
            return;
        }
        _candidates.TryAdd(KadKey.Of(peer).DistanceTo(_target), new Candidate(peer, depth));
        if (_candidates.Count > MaxCandidates)
        {
            _candidates.RemoveAt(_candidates.Count - 1);
        }
    }

    // The nearest peer not asked yet among the k nearest that have not failed.
    private Candidate? Next()
    {
        int considered = 0;
        foreach (Candidate candidate in _candidates.Values)
        {
            if (candidate.State == State.Failed)
            {
                continue;
            }
            if (candidate.State == State.Heard)
            {
                return candidate;
            }
            if (++considered == _width)
            {
                break;
            }
        }
        return null;
    }

    private enum State
    {
        Heard,
        Asked,
        Answered,
        Failed,
    }

    private sealed class Candidate(PeerId peer, int depth)
    {
        public PeerId Peer => peer;

        public int Depth => depth;

        public State State { get; set; }

        /// <summary>The peers it named, between its answer and their being heard; null when it did not answer.</summary>
        public IReadOnlyList<PeerId>? Named { get; set; }
    }
}
