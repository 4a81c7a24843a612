using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Verify;

/// <summary>
/// What time it is at least. A machine whose clock lost its battery says 1970, and everything signed would seem fresh for ever. Time is
/// not earlier than the day the agent was built, than <c>--not-before</c>, or than the <c>created</c> of any manifest that a trusted key
/// signed; a manifest that has expired by the latest of these and the clock is refused. An early clock therefore never makes an old
/// manifest pass that a later fact rules out, and it alone never makes a fresh one fail.
/// </summary>
internal readonly record struct ClockFloor(DateTimeOffset Clock, DateTimeOffset NotBefore)
{
    /// <summary>False: the clock is behind what is known, and expiry can only be judged by <see cref="NotBefore"/>.</summary>
    public bool IsClockPlausible => Clock >= NotBefore;

    public DateTimeOffset Now => IsClockPlausible ? Clock : NotBefore;

    /// <param name="trusted">Manifests with enough valid signatures; what others claim about time is worth nothing.</param>
    public ClockFloor RaisedBy(IEnumerable<BootManifest> trusted)
    {
        DateTimeOffset latest = NotBefore;
        foreach (BootManifest manifest in trusted)
        {
            latest = manifest.Created > latest ? manifest.Created.Value : latest;
        }

        return this with { NotBefore = latest };
    }
}
