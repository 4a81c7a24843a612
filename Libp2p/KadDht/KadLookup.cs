using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// One iterative look-up: asks the nearest peers known so far, alpha at a time, and learns nearer ones from their answers. It ends when
/// the k nearest peers that answer have all been asked, when the caller has what it wanted, or when a limit is reached. A peer that does
/// not answer drops out and the next nearest takes its place; so does, until it answers, one that is silent for long (see
/// <see cref="Patience"/>): in a network where half of the nodes are gone, waiting for each to time out would take most of a minute.
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
    private readonly Patience _patience;
    private readonly SortedList<KadKey, Candidate> _candidates = new(Comparer<KadKey>.Create(static (left, right) =>
        left.CompareTo(right)));
    private readonly HashSet<PeerId> _known = [];

    public KadLookup(KadKey target, PeerId self, IEnumerable<PeerId> seeds, int width, int concurrency, Patience patience)
    {
        _patience = patience;
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

    /// <summary>Peers that were still silent at the end, for longer than one could expect.</summary>
    public List<PeerId> Silent { get; private set; } = [];

    /// <param name="ask">Asks one peer; returns the peers it named, or null without an answer. Never throws but for cancellation.</param>
    /// <param name="isDone">Whether the caller has what it wanted; looked at after every answer.</param>
    public async Task RunAsync(
        Func<PeerId, CancellationToken, Task<IReadOnlyList<PeerId>?>> ask, Func<bool> isDone, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Candidate> running = [];
        try
        {
            while (!isDone())
            {
                while (running.Count(static one => one.State == State.Asked) < _concurrency
                    && Requests < MaxRequests && Next() is { } next)
                {
                    next.State = State.Asked;
                    next.AskedTimestamp = _patience.Now;
                    Requests++;
                    running.Add(next);
                    next.Request = AskAsync(next, ask, stop.Token);
                }
                // Without any answer so far there is nothing to end with.
                if (running.TrueForAll(one => one.State == State.Slow && Hops > 0 && _patience.IsExhausted(one.AskedTimestamp)))
                {
                    return;
                }
                await _patience.WaitAsync(running.Select(static one => (one.Request, one.AskedTimestamp)));
                foreach (Candidate ended in running.Where(static one => one.Request.IsCompleted).ToArray())
                {
                    running.Remove(ended);
                    await ended.Request;
                    Take(ended);
                }
                foreach (Candidate slow in running.Where(one => _patience.IsSlow(one.AskedTimestamp)))
                {
                    slow.State = State.Slow;
                }
            }
        }
        finally
        {
            Silent = [.. running.Where(one => Hops > 0 && _patience.IsExhausted(one.AskedTimestamp)).Select(static one => one.Peer)];
            // Requests under way are ours until they have ended. Cancelled on this thread: CancelAsync would leave it.
            stop.Cancel();
            await Task.WhenAll(running.Select(static one => one.Request))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private static async Task AskAsync(
        Candidate candidate, Func<PeerId, CancellationToken, Task<IReadOnlyList<PeerId>?>> ask, CancellationToken cancellationToken) =>
        candidate.Named = await ask(candidate.Peer, cancellationToken);

    private void Take(Candidate asked)
    {
        asked.State = asked.Named is null ? State.Failed : State.Answered;
        if (asked.Named is null)
        {
            return;
        }
        _patience.Answered(asked.AskedTimestamp);
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

    // The nearest peer not asked yet among the k nearest that have not failed and are not slow.
    private Candidate? Next()
    {
        int considered = 0;
        foreach (Candidate candidate in _candidates.Values)
        {
            if (candidate.State is State.Failed or State.Slow)
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
        Slow,
        Answered,
        Failed,
    }

    private sealed class Candidate(PeerId peer, int depth)
    {
        public PeerId Peer => peer;

        public int Depth => depth;

        public State State { get; set; }

        public long AskedTimestamp { get; set; }

        public Task Request { get; set; } = Task.CompletedTask;

        /// <summary>The peers it named, between its answer and their being heard; null when it did not answer.</summary>
        public IReadOnlyList<PeerId>? Named { get; set; }
    }
}
