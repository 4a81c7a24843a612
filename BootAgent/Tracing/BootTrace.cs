using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tracing;

/// <summary>
/// The spans of one boot, from the agent's start. They are recorded whether anybody is told of them or not: providers and gateways hang
/// theirs below by the <c>traceparent</c> of each request. Safe to use from several tasks.
/// </summary>
internal sealed class BootTrace
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _beganAt;
    private readonly long _began;

    /// <param name="id">The boot's id, 32 lower-case hex digits.</param>
    public BootTrace(string id, TimeProvider time)
    {
        (Id, _time, _beganAt, _began) = (id, time, time.GetUtcNow(), time.GetTimestamp());
        Root = new BootSpan(this, TraceSpan.RootOf(id), null, TraceKeys.Boot, _began);
        Network = new BootSpan(this, TraceSpan.NewId(), Root, TraceKeys.Network, _began);
    }

    public string Id { get; }

    /// <summary>The boot. Only a failure ends it here, otherwise the node that the next kernel starts.</summary>
    public BootSpan Root { get; }

    /// <summary>Until the first provider or silo has answered; before that, nobody can be told of it.</summary>
    public BootSpan Network { get; }

    /// <summary>Told of each span when it ends, and again when it turns out to have failed after all.</summary>
    public Action<BootSpan>? Ended { get; set; }

    public long Now => _time.GetTimestamp();

    /// <param name="parent">Null: the boot.</param>
    public BootSpan Begin(string name, BootSpan? parent = null) => BeginAt(Now, name, parent);

    /// <param name="timestamp">Of the agent's time provider.</param>
    /// <param name="name">One of <see cref="TraceKeys"/>.</param>
    /// <param name="parent">Null: the boot.</param>
    public BootSpan BeginAt(long timestamp, string name, BootSpan? parent = null) =>
        new(this, TraceSpan.NewId(), parent ?? Root, name, timestamp);

    /// <summary>Somebody has answered a request.</summary>
    public void Reached(string who)
    {
        if (Network.Ended is null)
        {
            Network.Set(TraceTag.Of(TraceKeys.ServerAddress, who));
            Network.EndAt(Math.Min(Now, Root.Ended ?? long.MaxValue)); // A boot may fail before it has reached anybody.
        }
    }

    /// <summary>
    /// All times go by one reading of the clock, and how long ago that was: they agree with each other though the clock be set meanwhile.
    /// </summary>
    /// <param name="timestamp">Of the agent's time provider.</param>
    /// <param name="clockOffset">How far the clock is known to be off.</param>
    public DateTimeOffset At(long timestamp, TimeSpan clockOffset) =>
        _beganAt + (timestamp > _began ? _time.GetElapsedTime(_began, timestamp) : TimeSpan.Zero) + clockOffset;
}
