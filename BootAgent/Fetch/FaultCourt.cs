using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Decides what a fault costs a provider. What may pass (a restart, a lost connection) is tried again with growing pauses. A wrong
/// answer drops the provider while another can be reached, and is forgiven a few times when there is none. One that is busy is left alone
/// for as long as it asks.
/// </summary>
internal sealed class FaultCourt(FetchContext context, ManifestArtifact artifact)
{
    private readonly Lock _gate = new();
    private TimeSpan _waited;
    private long _waitsUntil;
    private bool _isOutOfPatience;

    /// <summary>The time that busy providers have asked for, up to the limit; waits at the same time count once.</summary>
    public TimeSpan BusyTime
    {
        get
        {
            lock (_gate)
            {
                return _waited;
            }
        }
    }

    /// <summary>Somebody busy is being waited for.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waitsUntil > context.Time.GetTimestamp();
            }
        }
    }

    /// <summary>Whether a fault is one that was, and is, waited out.</summary>
    public bool IsPatientWith(FetchFault fault)
    {
        lock (_gate)
        {
            return fault.RetryAfter is not null && !_isOutOfPatience;
        }
    }

    public bool IsUsable(ProviderSession session) => !session.IsDropped && session.LocationOf(artifact).Current.Url is not null;

    public bool HasOther(ProviderSession session) =>
        context.Sessions.Any(other => other != session && IsUsable(other) && other.IsReachable);

    /// <returns>How long to wait before the provider's next request.</returns>
    public TimeSpan Judge(ProviderSession session, FetchFault fault)
    {
        context.Trace?.Failed(session, fault);
        if (fault.RetryAfter is { } asked && TryWait(context.Limits.Obeyed(asked), out TimeSpan wait))
        {
            string meanwhile = HasOther(session) ? "the others carry on" : $"asking again in {wait.TotalSeconds:0.#} s";
            Tell(session.SaidBusy(fault) == 1, $"{session.Provider} {fault.Detail}; {meanwhile}");
            return wait;
        }

        int count = session.Faulted(fault);
        string what = $"{session.Provider} {fault.Detail}";
        if (fault.IsTransient)
        {
            if (fault.Kind != FaultKind.Unreachable && count > context.Limits.MaxFruitlessAttempts)
            {
                session.Drop();
                context.Console.Warn($"{what}; {count} requests in a row gave nothing, it is not asked again");
                return TimeSpan.Zero;
            }

            TimeSpan pause = context.Limits.PauseAfter(count - 1);
            string then = HasOther(session) ? "the others carry on" : $"trying again in {pause.TotalSeconds:0.##} s";
            Tell(count == 1, $"{what}; {then}");
            return pause;
        }

        bool hasOther = HasOther(session);
        if (fault.Kind == FaultKind.NotFound)
        {
            session.LocationOf(artifact).GiveUp();
            context.Console.Warn(what);
        }
        else if (hasOther || count >= context.Limits.MaxContentFaults)
        {
            session.Drop();
            context.Console.Warn(hasOther
                ? $"{what}; it is fetched from another provider, and this one is not asked again"
                : $"{what}; after {count} wrong answers it is not asked again");
        }
        else
        {
            context.Console.Warn($"{what}; there is no other provider, asking it again");
        }

        return context.Limits.FirstPause;
    }

    public BootFailedException Failed(string? limit)
    {
        string reasons = string.Join("; ", context.Sessions.Select(session =>
            $"{session.Provider} {session.LastFault?.Detail ?? "delivered too little"}"));
        bool isContent = context.Sessions.Any(session => session.LastFault is { IsTransient: false });
        string remedy = isContent
            ? "Nothing unverified was used. Repair the artifacts there (plasmd manifest verify), or add another provider"
            : "Check the provider and the network between, or add another provider";
        return new BootFailedException(AgentExitCode.FetchFailed,
            $"{artifact.Kind.Name()} could not be fetched{(limit is null ? string.Empty : $" ({limit})")}: {reasons}. {remedy}");
    }

    /// <summary>Waits at the same time, for several providers or connections, count once.</summary>
    private bool TryWait(TimeSpan asked, out TimeSpan wait)
    {
        lock (_gate)
        {
            long now = context.Time.GetTimestamp();
            TimeSpan counted = _waitsUntil > now ? context.Time.GetElapsedTime(now, _waitsUntil) : TimeSpan.Zero;
            TimeSpan more = asked > counted ? asked - counted : TimeSpan.Zero;
            wait = asked;
            if (_waited + more > context.Limits.BusyLimit)
            {
                _isOutOfPatience = true;
                return false;
            }

            _waited += more;
            _waitsUntil = Math.Max(_waitsUntil, now + (long)(asked.TotalSeconds * context.Time.TimestampFrequency));
            return true;
        }
    }

    private void Tell(bool aloud, string text)
    {
        if (aloud)
        {
            context.Console.Warn(text);
        }
        else
        {
            context.Console.Debug(text);
        }
    }
}
