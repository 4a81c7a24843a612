namespace PhaseMesh.Libp2p.KadDht;

/// <summary>
/// How long one look-up waits for whom, by the median m of the times its answers took. A peer is slow after 2 m, but not before a quarter
/// of <see cref="KadOptions.SlowAfter"/> and not later than that: others are asked meanwhile, at the price of a few more messages. No peer
/// holds up the end once silent for SlowAfter and 5 m: a peer that must be dialled first takes four round trips, one that is connected one.
/// </summary>
internal sealed class Patience(TimeProvider time, TimeSpan slowAfter)
{
    // Timers count in whole milliseconds; waking a moment early would mean another round for nothing.
    private static readonly TimeSpan TimerGrain = TimeSpan.FromMilliseconds(1);
    private readonly List<TimeSpan> _answers = []; // Sorted; a look-up has at most a few dozen.

    public long Now => time.GetTimestamp();

    private TimeSpan Median => _answers.Count > 0 ? _answers[_answers.Count / 2] : slowAfter;

    private TimeSpan SlowLimit => TimeSpan.FromTicks(Math.Clamp(Median.Ticks * 2, slowAfter.Ticks / 4, slowAfter.Ticks));

    private TimeSpan EndLimit => Median * 5 > slowAfter ? Median * 5 : slowAfter;

    public void Answered(long askedTimestamp)
    {
        TimeSpan taken = time.GetElapsedTime(askedTimestamp);
        int place = _answers.BinarySearch(taken);
        _answers.Insert(place < 0 ? ~place : place, taken);
    }

    public bool IsSlow(long askedTimestamp) => time.GetElapsedTime(askedTimestamp) >= SlowLimit;

    public bool IsExhausted(long askedTimestamp) => time.GetElapsedTime(askedTimestamp) >= EndLimit;

    /// <summary>Waits until a request ends, or until one of them becomes slow or exhausts the patience.</summary>
    public async Task WaitAsync(IEnumerable<(Task Request, long AskedTimestamp)> running)
    {
        List<Task> awaited = [];
        TimeSpan wait = TimeSpan.MaxValue;
        foreach ((Task request, long askedTimestamp) in running)
        {
            awaited.Add(request);
            TimeSpan left = (IsSlow(askedTimestamp) ? EndLimit : SlowLimit) - time.GetElapsedTime(askedTimestamp);
            wait = left > TimeSpan.Zero && left < wait ? left : wait;
        }
        if (wait == TimeSpan.MaxValue)
        {
            await Task.WhenAny(awaited);
            return;
        }
        using CancellationTokenSource enough = new();
        awaited.Add(Task.Delay(wait + TimerGrain, time, enough.Token));
        await Task.WhenAny(awaited);
        enough.Cancel();
    }
}
