namespace PhaseMesh.Gateway.Admission;

/// <summary>A client's streams and its place in the order of arrival. Used under the lock of <see cref="AdmissionControl"/>.</summary>
internal sealed class ClientLoad(ClientKey key, long turn, long since, RateGate rate)
{
    private readonly Queue<AdmissionWaiter>[] _waiting = [new(), new()];

    public ClientKey Key { get; } = key;

    /// <summary>Smaller: came earlier.</summary>
    public long Turn { get; private set; } = turn;

    /// <summary>When it got its turn.</summary>
    public long Since { get; private set; } = since;

    /// <summary>Bytes a second of all its streams together.</summary>
    public RateGate Rate { get; } = rate;

    /// <summary>Streams under way, the slow ones included.</summary>
    public int Streams { get; set; }

    public int Waiting => _waiting[0].Count + _waiting[1].Count;

    /// <summary>When it was last here; counts while it has neither streams nor waits.</summary>
    public long IdleSince { get; set; }

    public bool IsNotedIdle { get; set; }

    public bool IsIdle => Streams == 0 && Waiting == 0;

    public Queue<AdmissionWaiter> WaitingFor(StreamPriority priority) => _waiting[(int)priority];

    /// <summary>Streams begun since it got its turn.</summary>
    public int Begun { get; set; }

    public void Renew(long turn, long since) => (Turn, Since, Begun) = (turn, since, 0);
}

/// <summary>Streams of one site. Used under the lock of <see cref="AdmissionControl"/>.</summary>
internal sealed class SiteLoad(string name, RateGate rate)
{
    public string Name { get; } = name;

    public RateGate Rate { get; } = rate;

    /// <summary>Streams that count.</summary>
    public int Active { get; set; }
}

/// <summary>A request that waits for its turn.</summary>
internal sealed class AdmissionWaiter(AdmissionTicket ticket, long since)
{
    private readonly TaskCompletionSource<AdmissionRefusal?> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AdmissionTicket Ticket { get; } = ticket;

    public long Since { get; } = since;

    /// <summary>Null: it may start.</summary>
    public Task<AdmissionRefusal?> Outcome => _outcome.Task;

    public void Cancel(CancellationToken gone) => _outcome.TrySetCanceled(gone);

    public void Settle(AdmissionRefusal? refusal) => _outcome.TrySetResult(refusal);
}
