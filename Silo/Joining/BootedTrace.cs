using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Silo.Joining;

/// <summary>
/// The end of a boot's trace, which only the booted node knows: it ends what the agent left under way and adds its own steps.
/// 1. <c>kexec load</c> ends with the new kernel's first moment, and <c>kernel start</c> lasts from there to user space.
/// 2. <c>plasmd start</c> lasts from this process's start until it serves, <c>enrol</c> until the fleet has let it in.
/// 3. The boot ends when the fleet counts the node as serving.
/// The two kernels may not agree on the time (a clock of whole seconds, one that the fleet has corrected): as the new one did not start
/// before it was handed over, and not much later, all times here are moved to where that is so. Used by one task at a time.
/// </summary>
internal sealed class BootedTrace
{
    /// <summary>Longer than any kernel needs to start another one; what seems longer is a clock that was set.</summary>
    private static readonly TimeSpan LongestKexec = TimeSpan.FromMinutes(1);

    private readonly CarriedTrace _carried;
    private readonly TimeProvider _clock;
    private readonly TraceSource _source;
    private readonly string _bootId;
    private readonly long _readAt;
    private readonly DateTimeOffset _kernelStarted;
    private readonly TimeSpan _uptime;
    private readonly List<TraceSpan> _agents = [];
    private readonly List<TraceSpan> _own = [];
    private TimeSpan? _enrolling;
    private bool _hasEnrolled;

    /// <param name="carried">What the agent left.</param>
    /// <param name="bootId">Of this boot.</param>
    /// <param name="moments">Read just now.</param>
    /// <param name="userSpace">When user space began, since the kernel's start; null: not known, so with this process.</param>
    /// <param name="version">Of plasmd.</param>
    /// <param name="clock">Now.</param>
    public BootedTrace(
        CarriedTrace carried, string bootId, KernelMoments moments, TimeSpan? userSpace, string version, TimeProvider clock)
    {
        (_carried, _bootId, _clock, _uptime, _readAt) = (carried, bootId, clock, moments.Now, clock.GetTimestamp());
        _source = TraceSource.OfThisMachine("plasmd", version);
        DateTimeOffset started = clock.GetUtcNow() - moments.Now;
        TimeSpan gap = started - carried.Kexec.Start;
        _kernelStarted = gap < TimeSpan.Zero || gap > LongestKexec ? carried.Kexec.Start : started;
        TimeSpan process = moments.Process < moments.Now ? moments.Process : moments.Now;
        TimeSpan begun = userSpace is { } known && known < process ? known : process;
        _agents.AddRange(carried.Rest);
        _agents.Add(carried.Kexec with { End = _kernelStarted });
        _own.Add(Step("kernel start", TimeSpan.Zero, begun));
        _own.Add(Step("plasmd start", process, Now));
    }

    /// <summary>Since the kernel's start.</summary>
    private TimeSpan Now => _uptime + _clock.GetElapsedTime(_readAt);

    /// <summary>Something is there to tell.</summary>
    public bool HasNews => _agents.Count > 0 || _own.Count > 0;

    /// <summary>All was told, the boot's end included.</summary>
    public bool IsOver { get; private set; }

    /// <summary>It asks to be let in.</summary>
    public void Enrolling() => _enrolling ??= Now;

    /// <summary>It was let in; only the first time is of the boot.</summary>
    public void Enrolled()
    {
        if (!_hasEnrolled)
        {
            _hasEnrolled = true;
            _own.Add(Step("enrol", _enrolling ?? Now, Now));
        }
    }

    /// <summary>The fleet counts it as serving.</summary>
    public void Joined() => _agents.Add(_carried.Boot with { End = _kernelStarted + Now });

    /// <summary>The body that tells it.</summary>
    public byte[] Write() => TraceWriter.Write(_bootId, [new TraceSpans(_carried.Source, _agents), new TraceSpans(_source, _own)]);

    /// <summary>The fleet has what <see cref="Write"/> gave.</summary>
    public void Told()
    {
        IsOver = _agents.Exists(span => span.Id == _carried.Boot.Id);
        _agents.Clear();
        _own.Clear();
    }

    private TraceSpan Step(string name, TimeSpan start, TimeSpan end) => new()
    {
        Id = TraceSpan.NewId(),
        Parent = _carried.Boot.Id,
        Name = name,
        Start = _kernelStarted + start,
        End = _kernelStarted + (end > start ? end : start),
    };
}
