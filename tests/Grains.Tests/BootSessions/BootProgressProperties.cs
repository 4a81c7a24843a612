using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace PhaseMesh.Grains.Tests.BootSessions;

public class BootProgressProperties
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<BootEvent> Events =
        from phase in Gen.Choose((int)BootPhase.Discovered, (int)BootPhase.Failed)
        from second in Gen.Choose(0, 20)
        from bytes in Gen.Choose(0, 5)
        from source in Gen.Choose(0, 12)
        select new BootEvent
        {
            Phase = (BootPhase)phase,
            At = Now.AddSeconds(second),
            BytesFetched = bytes * 10,
            BytesTotal = bytes * 20,
            BytesPerSecond = bytes,
            From = [$"provider {source}"],
            Release = phase == (int)BootPhase.Manifest ? bytes : null,
            Reason = phase == (int)BootPhase.Failed ? $"reason_{bytes}" : null,
        };

    [Fact]
    public void SameEvents_AnyOrderAnyBatchesRepeated_MakeTheSameSession() => Prop
        .ForAll(
            (from events in Events.NonEmptyListOf()
             from seed in Gen.Choose(0, int.MaxValue)
             select (Events: events.ToArray(), Seed: seed)).ToArbitrary(),
            sample => After(sample.Events) == After(Shuffled(sample.Events, sample.Seed)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static BootEvent[] Shuffled(BootEvent[] events, int seed)
    {
        Random random = new(seed);
        BootEvent[] repeated = [.. events, .. events.Where(_ => random.Next(2) == 0)];
        random.Shuffle(repeated);
        return repeated;
    }

    /// <summary>Everything but when it was heard of, as JSON.</summary>
    private static string After(BootEvent[] events)
    {
        BootSessionGrainState state = new();
        FleetOptions options = new();
        int batch = 0;
        for (int done = 0; done < events.Length; done += batch)
        {
            batch = Math.Min(1 + (done % 3), events.Length - done);
            BootProgress.Merge(state, [.. events[done..(done + batch)]], Now, options);
        }

        return JsonSerializer.Serialize(BootNews.ViewOf("", state, Now)) + JsonSerializer.Serialize(state.Facts);
    }
}
