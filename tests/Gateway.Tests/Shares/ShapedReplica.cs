using PhaseMesh.Gateway.Directory;
using PhaseMesh.Gateway.Tests.Routing.Simulation;

namespace PhaseMesh.Gateway.Tests.Shares;

/// <summary>A replica as a real process behind a link of its own and as one in virtual time.</summary>
/// <param name="Megabits">What its link carries a second, for all its transfers together.</param>
internal sealed record ShapedReplica(int Megabits, string? Site = null)
{
    private const double BytesPerMegabit = 1e6 / 8;
    private static readonly TimeSpan QuickProbe = TimeSpan.FromMilliseconds(0.05);

    /// <summary>What is as short as the answer to a probe does not wait behind its bodies.</summary>
    public bool AnswersProbesQuickly { get; init; }

    /// <summary>Each of its chunks has a wrong byte.</summary>
    public bool IsLiar { get; init; }

    public ReplicaTraits Simulated(int index)
    {
        ReplicaTraits traits = ReplicaTraits.Of($"{index}", Megabits * BytesPerMegabit);
        return traits with
        {
            Site = new ReplicaSite(Site, null),
            IsLiar = IsLiar,
            Probe = AnswersProbesQuickly ? QuickProbe : traits.Probe,
        };
    }
}
