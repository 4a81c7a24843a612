using System.Net.Http.Headers;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Fleet;

/// <summary>
/// Calls the fleet until some silo takes or refuses the call: the same one while it answers, else the next, and after each round through
/// all a pause that grows, short once the boot waits. Used by one task; the boot may hurry it at any time.
/// </summary>
internal sealed class SiloRounds(
    FleetLink link, IReadOnlyList<RootUrl> silos, FleetLimits limits, BootConsole console, CancellationToken stop)
{
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _firstRound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _silo;
    private bool _wasSilent;

    /// <summary>Told whenever a silo answers, whatever it says.</summary>
    public required Action<RootUrl> Answered { get; init; }

    /// <summary>Whom the last call went to.</summary>
    public RootUrl Silo => silos[_silo];

    /// <summary>Every URL was tried once, or nothing will be.</summary>
    public Task FirstRound => _firstRound.Task;

    public bool IsHurried => _hurry.Task.IsCompleted;

    /// <summary>The boot waits: no more long pauses from here on.</summary>
    public void Hurry() => _hurry.TrySetResult();

    public void EndFirstRound() => _firstRound.TrySetResult();

    /// <param name="path">Of the call.</param>
    /// <param name="body">What is told.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="isAnswer">Whether a good reply is one.</param>
    /// <param name="givesWay">Asked after a round without success: whether the call shall end, to be made again later.</param>
    public async Task<FleetReply> PostAsync(
        string path, byte[] body, MediaTypeHeaderValue contentType, Func<FleetReply, bool> isAnswer, Func<bool>? givesWay = null)
    {
        for (int attempt = 0; ; attempt++)
        {
            int round = attempt / silos.Count;
            FleetReply reply = await link.PostAsync(Silo, path, body, contentType, limits.RequestLimit(round), stop);
            if (reply.Status > 0)
            {
                Answered(Silo);
            }

            if (reply.IsGood ? isAnswer(reply) : !reply.IsTransient)
            {
                return reply;
            }

            Tell(reply.IsGood ? "gave an answer that is none" : reply.Problem);
            _silo = (_silo + 1) % silos.Count;
            if ((attempt + 1) % silos.Count != 0)
            {
                continue;
            }

            _firstRound.TrySetResult();
            if (givesWay?.Invoke() == true)
            {
                return reply;
            }

            TimeSpan pause = limits.PauseAfter(round);
            TimeSpan asked = silos.Count == 1 ? reply.RetryAfter ?? TimeSpan.Zero : TimeSpan.Zero;
            pause = asked < pause ? pause : asked < limits.LongestPause ? asked : limits.LongestPause;
            await PauseAsync(pause, limits.HurriedPause);
        }
    }

    /// <param name="pause">How long it is while the boot does not wait.</param>
    /// <param name="hurried">How long it is at most when the boot waits.</param>
    public async Task PauseAsync(TimeSpan pause, TimeSpan hurried)
    {
        if (IsHurried)
        {
            await Task.Delay(pause < hurried ? pause : hurried, console.Time, stop);
            return;
        }

        await _hurry.Task.WaitAsync(pause, console.Time, stop)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        stop.ThrowIfCancellationRequested();
    }

    private void Tell(string problem)
    {
        console.Debug($"fleet: {Silo} {problem}");
        if (!_wasSilent)
        {
            _wasSilent = true;
            console.Detail($"Fleet: {Silo} {problem}; it is tried again while the boot goes on");
        }
    }
}
