using System.Security.Cryptography;
using PhaseMesh.BootAgent.Storage;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Fetches an artifact whose manifest has no chunk digests: one stream, hashed as it is read, resumed where it broke off, from the next
/// provider when one fails. Only at the end is it known whether the bytes are right; if several providers sent parts of wrong bytes, each
/// gets its turn alone, so that the one at fault is found.
/// </summary>
internal sealed class WholeFetch(FetchContext context, ArtifactSlot slot) : IPieceSink, IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly FaultCourt _court = new(context, slot.Artifact);
    private readonly HashSet<ProviderSession> _contributors = [];
    private long _position;
    private bool _oneProviderAtATime;
    private long _lastProgress = context.Time.GetTimestamp();

    public long DoneBytes => Interlocked.Read(ref _position);

    public int PieceBytes(long position) => (int)Math.Min(PiecePump.BufferBytes, slot.Artifact.SizeBytes - position);

    public FetchFault? Take(long position, ReadOnlySpan<byte> piece)
    {
        _hash.AppendData(piece);
        slot.Write(piece, position);
        Interlocked.Exchange(ref _position, position + piece.Length);
        return null;
    }

    /// <exception cref="BootFailedException">No provider delivered the right bytes.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan limit = context.Limits.TimeLimitFor(slot.Artifact.SizeBytes);
        long started = context.Time.GetTimestamp();
        using CancellationTokenSource over = new(limit, context.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            await FetchFromAnyAsync(
                () => over.CancelAfter(limit + _court.BusyTime - context.Time.GetElapsedTime(started)), either.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw _court.Failed($"not within its time limit of {limit.TotalSeconds:0} s");
        }
    }

    public void Dispose() => _hash.Dispose();

    /// <param name="extend">Makes up for a wait.</param>
    private async Task FetchFromAnyAsync(Action extend, CancellationToken cancellationToken)
    {
        PiecePump pump = new();
        ProviderSession? session = null;
        while (true)
        {
            ProviderSession? next = Choose(session) ?? throw _court.Failed(null);
            if (_oneProviderAtATime && next != session)
            {
                Restart();
            }

            session = next;
            FetchFault? fault = await FetchAsync(session, pump, cancellationToken);
            if (_position == slot.Artifact.SizeBytes && fault is null or { IsTransient: true })
            {
                fault = Verify();
                if (fault is null && _position == slot.Artifact.SizeBytes)
                {
                    return;
                }
            }
            else if (fault is { IsTransient: false } && _contributors.Contains(session))
            {
                Restart(); // what came from a provider that gives wrong answers is worth nothing
            }

            TimeSpan pause = fault is null ? TimeSpan.Zero : _court.Judge(session, fault);
            if (fault is not null && _court.IsPatientWith(fault))
            {
                extend();
            }

            if (context.Time.GetElapsedTime(Interlocked.Read(ref _lastProgress)) > context.Limits.NoProgressLimit)
            {
                throw _court.Failed($"nothing of use in {context.Limits.NoProgressLimit.TotalSeconds:0.#} s");
            }

            if (!_court.HasOther(session))
            {
                await Task.Delay(pause, context.Time, cancellationToken);
                if (fault is not null && _court.IsPatientWith(fault))
                {
                    NoteProgress(); // The wait was no silence.
                }
            }
        }
    }

    /// <summary>The same provider while it works, else the next in turn, preferring those that can be reached.</summary>
    private ProviderSession? Choose(ProviderSession? current)
    {
        if (current is { IsReachable: true } && _court.IsUsable(current))
        {
            return current;
        }

        int start = current is null ? 0 : context.Sessions.ToList().IndexOf(current) + 1;
        IEnumerable<ProviderSession> inTurn = context.Sessions.Skip(start).Concat(context.Sessions.Take(start)).Where(_court.IsUsable);
        return inTurn.OrderByDescending(session => session.IsReachable).FirstOrDefault();
    }

    private async Task<FetchFault?> FetchAsync(ProviderSession session, PiecePump pump, CancellationToken cancellationToken)
    {
        long before = _position;
        await using ProgressWatch watch = new(context.Limits, context.Time, NoteProgress, cancellationToken);
        try
        {
            context.Console.Debug($"{session.Provider}: {slot.Artifact.Kind.Name()} from byte {before}");
            context.Trace?.Started(session);
            (ArtifactBody? body, FetchFault? fault) = await ArtifactBody.OpenAsync(
                context, session.LocationOf(slot.Artifact), slot.Artifact, before, slot.Artifact.SizeBytes, watch);
            if (body is null)
            {
                return fault;
            }

            await using (body)
            {
                return await pump.RunAsync(body, before, this, watch);
            }
        }
        catch (OperationCanceledException) when (watch.HasStalled)
        {
            return watch.Fault;
        }
        catch (Exception error) when (NetworkFaults.IsNetwork(error))
        {
            return NetworkFaults.From(error);
        }
        finally
        {
            if (_position > before)
            {
                _contributors.Add(session);
                session.Delivered(_position - before);
                NoteProgress();
            }
        }
    }

    private FetchFault? Verify()
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.SizeBytes];
        _hash.GetHashAndReset(digest);
        if (new Sha256Digest(digest) == slot.Artifact.Digest)
        {
            return null;
        }

        bool isMixed = _contributors.Count > 1;
        Restart();
        if (!isMixed)
        {
            return new FetchFault(FaultKind.WrongDigest, $"sent {slot.Artifact.Kind.Name()} with a wrong SHA-256");
        }

        _oneProviderAtATime = true;
        context.Console.Warn(
            $"{slot.Artifact.Kind.Name()} put together from several providers has a wrong SHA-256; each is asked alone now");
        return null;
    }

    private void Restart()
    {
        _hash.GetHashAndReset();
        Interlocked.Exchange(ref _position, 0);
        _contributors.Clear();
    }

    private void NoteProgress() => Interlocked.Exchange(ref _lastProgress, context.Time.GetTimestamp());
}
