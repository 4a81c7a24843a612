using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Silo.Tests.Joining;

/// <summary>Traces as an agent leaves them.</summary>
internal static class CarriedTraces
{
    /// <summary>A boot that began 20 s before kexec, which is under way, with a step that the fleet has not taken.</summary>
    /// <param name="bootId">The trace.</param>
    /// <param name="kexec">When the images were handed over.</param>
    /// <param name="with">Makes the boot's span another one.</param>
    public static byte[] Write(string bootId, DateTimeOffset kexec, Func<TraceSpan, TraceSpan>? with = null)
    {
        TraceSpan boot = new()
        {
            Id = TraceSpan.RootOf(bootId),
            Name = "boot",
            Start = kexec.AddSeconds(-20),
            Attributes = [TraceTag.Of("phase.channel", "stable")],
        };
        return TraceWriter.Write(bootId,
        [
            new TraceSpans(new TraceSource("phase-agent", "1.2", null),
            [
                with?.Invoke(boot) ?? boot,
                new TraceSpan
                {
                    Id = TraceSpan.NewId(),
                    Parent = boot.Id,
                    Name = "fetch",
                    Start = kexec.AddSeconds(-9),
                    End = kexec.AddSeconds(-1),
                },
                new TraceSpan { Id = TraceSpan.NewId(), Parent = boot.Id, Name = "kexec load", Start = kexec },
            ]),
        ]);
    }
}
