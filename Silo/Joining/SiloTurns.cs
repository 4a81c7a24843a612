namespace PhaseMesh.Silo.Joining;

/// <summary>
/// Calls the fleet until a silo takes or refuses the call: the one that answered last, then the others in turn, and after each round a
/// pause that grows, half of it by chance.
/// </summary>
internal sealed class SiloTurns(FleetLink link, IReadOnlyList<Uri> silos, JoiningLimits limits, TimeProvider clock)
{
    private int _current;
    private bool _isSilent;

    /// <summary>Whom the last call went to.</summary>
    public Uri Silo => silos[_current];

    /// <summary>Told of the first answer after silence (null), and of the first silence after an answer (why).</summary>
    public required Action<string?> Silence { get; init; }

    /// <returns>A good answer or a refusal.</returns>
    public async Task<FleetAnswer> SendAsync(HttpMethod method, string path, Func<byte[]> body, CancellationToken cancellationToken)
    {
        for (int round = 0; ; round++)
        {
            TimeSpan? wanted = TimeSpan.MaxValue; // Of several that are busy, the one that is ready first decides.
            List<string> silent = [];
            for (int turn = 0; turn < silos.Count; turn++)
            {
                FleetAnswer answer = await link.SendAsync(Silo, method, path, body(), limits.Request, cancellationToken);
                if (!answer.IsTransient)
                {
                    Tell(isSilent: false, null);
                    return answer;
                }

                wanted = answer.RetryAfter is { } asked && wanted is { } least ? (asked < least ? asked : least) : null;
                if (answer.Slug != "replayed")
                {
                    silent.Add($"{Silo}: {answer.Problem}");
                }

                _current = (_current + 1) % silos.Count;
            }

            // Not before all were asked: one that is gone is what the others are there for.
            Tell(isSilent: silent.Count == silos.Count, string.Join("; ", silent));
            TimeSpan pause = JoiningPause.After(round, limits.FirstPause, limits.LongestPause);
            TimeSpan obeyed = wanted is not { } time ? TimeSpan.Zero : time < limits.LongestRetryAfter ? time : limits.LongestRetryAfter;
            await Task.Delay(obeyed > pause ? obeyed : pause, clock, cancellationToken);
        }
    }

    /// <summary>One call to each silo until one answers, within a limit for all.</summary>
    public async Task<FleetAnswer> SendOnceAsync(
        HttpMethod method, string path, byte[] body, TimeSpan limit, CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        FleetAnswer answer = FleetAnswer.None("there was no time");
        for (int turn = 0; turn < silos.Count && clock.GetElapsedTime(started) < limit; turn++)
        {
            TimeSpan left = (limit - clock.GetElapsedTime(started)) / (silos.Count - turn);
            answer = await link.SendAsync(Silo, method, path, body, left, cancellationToken);
            if (!answer.IsTransient)
            {
                break;
            }

            _current = (_current + 1) % silos.Count;
        }

        return answer;
    }

    private void Tell(bool isSilent, string? why)
    {
        if (isSilent != _isSilent)
        {
            _isSilent = isSilent;
            Silence(isSilent ? why : null);
        }
    }
}

/// <summary>Growing pauses, of which half is chance.</summary>
internal static class JoiningPause
{
    public static TimeSpan After(int times, TimeSpan first, TimeSpan longest)
    {
        long full = Math.Min(longest.Ticks, first.Ticks << Math.Clamp(times, 0, 20));
        return TimeSpan.FromTicks((full / 2) + Random.Shared.NextInt64((full / 2) + 1));
    }
}
