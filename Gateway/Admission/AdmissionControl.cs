using System.Net;

namespace PhaseMesh.Gateway.Admission;

/// <summary>
/// Lets downloads begin, so many at once, and the others wait in order: those of a boot storm are done one after the other instead of all
/// at a crawl.
/// </summary>
/// <remarks>
/// 1. A download that begins holds one of the streams until it ends; in mid-body nobody is ever made to wait for one.
/// 2. Who waits is next by priority, streams under way, and arrival (<see cref="WaitingLine"/>). One eighth of the streams is never bulk's,
///    and a quarter is before others get one.
/// 3. While someone waits, streams whose clients take far longer for a slice than others' do (<see cref="SlowStreams"/>) count no more,
///    until they are quick again: a stalled reader holds nothing that others need.
/// 4. Who waited too long, or finds no room to wait, is told when to come back, later the more wait, and keeps its place. When the room is
///    full, an earlier client takes the place of the last.
/// </remarks>
internal sealed class AdmissionControl : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly Func<double> _random;
    private readonly Lock _gate = new();
    private readonly ClientTable _clients;
    private readonly Dictionary<string, SiteLoad> _sites = new(StringComparer.Ordinal);
    private readonly Queue<AdmissionWaiter> _byAge = [];
    private readonly HashSet<AdmissionTicket> _open = [];
    private readonly WaitingLine[] _lines = [new(StreamPriority.Boot), new(StreamPriority.Bulk)];
    private readonly AdmissionRates _rates;
    private readonly ITimer _sweeper;
    private readonly AdmissionCounters _counters = new();
    private readonly DecayingRate _ended;
    private AdmissionOptions _options;
    private long _sweptAt;
    private bool _isSweeping;
    private int _active;
    private int _activeBulk;

    /// <param name="random">0 to 1, for the time after which clients come back.</param>
    public AdmissionControl(AdmissionOptions options, TimeProvider clock, Func<double> random)
    {
        (_options, _clock, _random) = (options, clock, random);
        _rates = new AdmissionRates(options, clock);
        _ended = new DecayingRate(clock);
        _sweptAt = clock.GetTimestamp();
        _sweeper = clock.CreateTimer(
            static state => ((AdmissionControl)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _clients = new ClientTable(options, _rates, clock, _lines);
    }

    public TimeProvider Clock => _clock;

    /// <summary>A client that takes a slice within this time is not slow.</summary>
    public TimeSpan QuickSlice => _options.YieldAfter;

    /// <summary>Other limits from now on. Who waits may begin at once; downloads that are too many now go on.</summary>
    public void Apply(AdmissionOptions options)
    {
        lock (_gate)
        {
            _options = options;
            _rates.Apply(options);
            Grant();
        }
    }

    /// <summary>A download that may want to begin (<see cref="AdmissionTicket.EnterAsync"/>); disposed when it has ended.</summary>
    public AdmissionTicket TicketFor(IPAddress client, string? site, StreamPriority priority)
    {
        lock (_gate)
        {
            string? name = site is null ? null : site.Split('/')[0];
            SiteLoad? load = null;
            if (name is not null && !_sites.TryGetValue(name, out load))
            {
                _sites.Add(name, load = new SiteLoad(name, _rates.NewForSite()));
            }

            return new AdmissionTicket(this, _clients.Of(ClientKey.Of(client)), load, priority, _rates.InAll);
        }
    }

    /// <returns>Null: it has begun.</returns>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async ValueTask<AdmissionRefusal?> EnterAsync(AdmissionTicket ticket, CancellationToken cancellationToken)
    {
        AdmissionWaiter waiter;
        long started = _clock.GetTimestamp();
        lock (_gate)
        {
            if (!MayStart(ticket))
            {
                SweepNow();
            }

            if (MayStart(ticket))
            {
                Start(ticket);
                return null;
            }

            if (FindRoom(ticket) is { } refusal)
            {
                return refusal;
            }

            waiter = new AdmissionWaiter(ticket, started);
            _lines[(int)ticket.Priority].Add(ticket.Client, waiter);
            _byAge.Enqueue(waiter);
            ArmSweeper();
        }

        using (cancellationToken.UnsafeRegister((_, token) => Leave(waiter, token), null))
        {
            AdmissionRefusal? outcome = await waiter.Outcome;
            _counters.Waited(_clock.GetElapsedTime(started));
            return outcome;
        }
    }

    /// <summary>It draws quickly again, and counts.</summary>
    public void Resume(AdmissionTicket ticket)
    {
        lock (_gate)
        {
            if (ticket.IsOpen && !ticket.Counts)
            {
                Count(ticket, true);
            }
        }
    }

    public void End(AdmissionTicket ticket)
    {
        lock (_gate)
        {
            if (ticket.IsOpen)
            {
                _open.Remove(ticket);
                ticket.IsOpen = false;
                if (ticket.Counts)
                {
                    Count(ticket, false);
                }

                WaitingLine.Reorder(_lines, ticket.Client, () => ticket.Client.Streams--);
                _ended.Add();
                Grant();
            }

            _clients.NoteIdle(ticket.Client);
        }
    }

    /// <param name="asker">Whose own figures are wanted; null: nobody's.</param>
    public AdmissionReport Report(IPAddress? asker = null)
    {
        lock (_gate)
        {
            ClientLoad? client = asker is null ? null : _clients.Find(ClientKey.Of(asker));
            return new AdmissionReport(
                _active, _open.Count - _active, _lines[0].Count, _lines[1].Count, _counters.Admitted, _counters.WaitedCount,
                Math.Round(_counters.WaitedTime.TotalSeconds, 3),
                new AdmissionRefusals(
                    _counters.RefusedFor(AdmissionLimit.Streams), _counters.RefusedFor(AdmissionLimit.SiteStreams),
                    _counters.RefusedFor(AdmissionLimit.ClientStreams), _counters.RefusedFor(AdmissionLimit.Queue)),
                new AdmissionLimits(
                    _options.MaxStreams, _options.BulkStreams, _options.MaxStreamsPerSite, _options.StreamsPerClient, _options.Waiting,
                    _options.MaxWait.TotalSeconds, _options.MaxRate, _options.MaxRatePerSite, _options.MaxRatePerClient),
                client is null ? null : new AdmissionShare(client.Streams, client.Waiting, _lines.Max(line => line.Before(client))));
        }
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        _rates.Dispose();
    }

    private bool MayStart(AdmissionTicket ticket) =>
        _active < _options.MaxStreams && (ticket.Priority is StreamPriority.Boot || _activeBulk < _options.BulkStreams)
        && ticket.Client.Streams < _options.StreamsPerClient && (ticket.Site is null || ticket.Site.Active < _options.StreamsPerSite);

    private void Start(AdmissionTicket ticket)
    {
        ticket.IsOpen = true;
        _open.Add(ticket);
        WaitingLine.Reorder(_lines, ticket.Client, () => ticket.Client.Streams++);
        ticket.Client.Begun++;
        Count(ticket, true);
        _counters.Began();
    }

    private void Count(AdmissionTicket ticket, bool counts)
    {
        ticket.Counts = counts;
        int change = counts ? 1 : -1;
        _active += change;
        _activeBulk += ticket.Priority is StreamPriority.Bulk ? change : 0;
        if (ticket.Site is { } site)
        {
            site.Active += change;
        }
    }

    /// <summary>Lets begin whoever may.</summary>
    private void Grant()
    {
        while (_active < _options.MaxStreams)
        {
            StreamPriority first = _activeBulk < _options.AssuredBulkStreams ? StreamPriority.Bulk : StreamPriority.Boot;
            if (!_lines[(int)first].TryTake(MayStart, out AdmissionWaiter? waiter)
                && !_lines[(int)(1 - first)].TryTake(MayStart, out waiter))
            {
                return;
            }

            Start(waiter.Ticket);
            waiter.Settle(null);
        }
    }

    /// <returns>Null: there is room to wait, perhaps as the last one had to go.</returns>
    private AdmissionRefusal? FindRoom(AdmissionTicket ticket)
    {
        if (ticket.Client.Waiting >= _options.StreamsPerClient)
        {
            return Refuse(ticket, AdmissionLimit.ClientStreams, TimeSpan.Zero);
        }

        if (_lines[0].Count + _lines[1].Count < _options.Waiting)
        {
            return null;
        }

        WaitingLine line = _lines[1].Count > 0 ? _lines[1] : _lines[0];
        if (line.Last is not { } last
            || ticket.Priority > last.Ticket.Priority
            || (ticket.Priority == last.Ticket.Priority && ticket.Client.Turn >= last.Ticket.Client.Turn))
        {
            return Refuse(ticket, AdmissionLimit.Queue, TimeSpan.Zero);
        }

        line.Remove(last);
        last.Settle(Refuse(last.Ticket, AdmissionLimit.Queue, _clock.GetElapsedTime(last.Since)));
        return null;
    }

    private AdmissionLimit LimitOf(AdmissionTicket ticket) =>
        ticket.Client.Streams >= _options.StreamsPerClient ? AdmissionLimit.ClientStreams
        : ticket.Site is { } site && site.Active >= _options.StreamsPerSite ? AdmissionLimit.SiteStreams
        : AdmissionLimit.Streams;

    private AdmissionRefusal Refuse(AdmissionTicket ticket, AdmissionLimit full, TimeSpan waited)
    {
        _counters.Refused(full);
        int waiting = _lines[0].Count + _lines[1].Count;
        (int limit, int inUse) = full switch
        {
            AdmissionLimit.ClientStreams => (_options.StreamsPerClient, ticket.Client.Streams),
            AdmissionLimit.SiteStreams => (_options.StreamsPerSite, ticket.Site!.Active),
            AdmissionLimit.Queue => (_options.Waiting, waiting),
            _ => (ticket.Priority is StreamPriority.Bulk ? _options.BulkStreams : _options.MaxStreams,
                ticket.Priority is StreamPriority.Bulk ? _activeBulk : _active),
        };

        // Who found room to wait may come back at once, and do so again. Who found none: when as many streams as wait should have ended.
        // Twice that at most, at random, lest all come back together.
        double least = full is AdmissionLimit.Queue
            ? Math.Clamp(
                (waiting + 1) / Math.Max(_ended.PerSecond, 0.001), _options.MinRetryAfter.TotalSeconds, _options.MaxRetryAfter.TotalSeconds)
            : _options.MinRetryAfter.TotalSeconds;
        return new AdmissionRefusal(full, limit, inUse, waiting, _options.Waiting, waited, (int)Math.Ceiling(least * (1 + _random())));
    }

    /// <summary>The client went away. If it has begun this moment, it ends by disposing the ticket.</summary>
    private void Leave(AdmissionWaiter waiter, CancellationToken gone)
    {
        lock (_gate)
        {
            if (_lines[(int)waiter.Ticket.Priority].Remove(waiter))
            {
                waiter.Cancel(gone);
            }
        }
    }

    private void Sweep()
    {
        lock (_gate)
        {
            _isSweeping = false;
            SweepNow();
            TurnAwayOverdue();
            ArmSweeper();
        }
    }

    private void TurnAwayOverdue()
    {
        while (_byAge.TryPeek(out AdmissionWaiter? oldest)
            && (oldest.Outcome.IsCompleted || _clock.GetElapsedTime(oldest.Since) >= _options.MaxWait))
        {
            _byAge.Dequeue();
            if (_lines[(int)oldest.Ticket.Priority].Remove(oldest))
            {
                oldest.Settle(Refuse(oldest.Ticket, LimitOf(oldest.Ticket), _clock.GetElapsedTime(oldest.Since)));
            }
        }
    }

    private void ArmSweeper()
    {
        if (!_isSweeping && _lines[0].Count + _lines[1].Count > 0)
        {
            _isSweeping = true;
            _sweeper.Change(_options.SweepInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void SweepNow()
    {
        if (_clock.GetElapsedTime(_sweptAt) < _options.SweepInterval)
        {
            return;
        }

        _sweptAt = _clock.GetTimestamp();
        foreach (AdmissionTicket slow in SlowStreams.Among(_open, _options))
        {
            Count(slow, false);
        }

        Grant();
    }
}
