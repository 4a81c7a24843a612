namespace PhaseMesh.Gateway.Directory;

/// <summary>Makes one snapshot of what all sources say, and tells how old that is when none says anything any more.</summary>
internal sealed class ReplicaDirectory(TimeProvider clock) : IReplicaDirectory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SourceReport> _reports = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answering = new(StringComparer.Ordinal);
    private readonly SnapshotComposer _composer = new();
    private DirectorySnapshot _current = DirectorySnapshot.Empty;
    private TaskCompletionSource _changed = NewSignal();
    private DateTimeOffset _heardAt = DateTimeOffset.UnixEpoch;

    public DirectorySnapshot Current => Volatile.Read(ref _current);

    /// <summary>When a source last answered, in this run or, by the snapshot on disk, before; the epoch: never.</summary>
    public DateTimeOffset HeardAt
    {
        get
        {
            lock (_gate)
            {
                return _heardAt;
            }
        }
    }

    /// <summary>How many sources answer now.</summary>
    public int Answering
    {
        get
        {
            lock (_gate)
            {
                return _answering.Count;
            }
        }
    }

    /// <summary>Null while a source answers; else how long ago the last one did.</summary>
    public TimeSpan? Age
    {
        get
        {
            lock (_gate)
            {
                return _answering.Count > 0 || _heardAt == DateTimeOffset.UnixEpoch ? null : clock.GetUtcNow() - _heardAt;
            }
        }
    }

    /// <summary>What each source said last.</summary>
    public IReadOnlyDictionary<string, SourceReport> Reports
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, SourceReport>(_reports);
            }
        }
    }

    /// <summary>A source answered; without a report: nothing is new.</summary>
    public void Heard(string source, SourceReport? report = null)
    {
        lock (_gate)
        {
            _answering.Add(source);
            _heardAt = clock.GetUtcNow();
            if (report is not null)
            {
                _reports[source] = report;
                Compose();
            }
        }
    }

    /// <summary>A source doesn't answer; with a report: what follows from that.</summary>
    public void Missed(string source, SourceReport? report = null)
    {
        lock (_gate)
        {
            _answering.Remove(source);
            if (report is not null)
            {
                _reports[source] = report;
                Compose();
            }
        }
    }

    /// <summary>A source is asked no more; what it said is dropped.</summary>
    public void Forget(string source)
    {
        lock (_gate)
        {
            _answering.Remove(source);
            if (_reports.Remove(source))
            {
                Compose();
            }
        }
    }

    /// <summary>What was known before this run; ignored for sources that have spoken since.</summary>
    public void Restore(IReadOnlyDictionary<string, SourceReport> reports, DateTimeOffset heardAt)
    {
        lock (_gate)
        {
            foreach ((string source, SourceReport report) in reports)
            {
                _reports.TryAdd(source, report);
            }

            // A clock that was set back must not make it look fresh for ever.
            DateTimeOffset now = clock.GetUtcNow();
            _heardAt = _heardAt == DateTimeOffset.UnixEpoch ? (heardAt < now ? heardAt : now) : _heardAt;
            Compose();
        }
    }

    /// <summary>Time passed: drops releases that expired, and replaced ones that were kept long enough.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            Compose();
        }
    }

    public async Task<DirectorySnapshot> WaitForAsync(Func<DirectorySnapshot, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            DirectorySnapshot current;
            lock (_gate)
            {
                (changed, current) = (_changed.Task, _current);
            }

            if (condition(current))
            {
                return current;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Compose()
    {
        DirectorySnapshot next = _composer.Compose(_reports.Values, _current.Version + 1, clock.GetUtcNow());
        if (SnapshotComposer.SayTheSame(_current, next))
        {
            return;
        }

        Volatile.Write(ref _current, next);
        TaskCompletionSource changed = _changed;
        _changed = NewSignal();
        changed.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
