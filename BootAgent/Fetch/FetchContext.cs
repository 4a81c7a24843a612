using PhaseMesh.BootAgent.Reporting;
using PhaseMesh.BootAgent.Tracing;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>What all downloads of one boot share.</summary>
internal sealed record FetchContext(
    HttpTransport Transport, FetchLimits Limits, BootConsole Console, IReadOnlyList<ProviderSession> Sessions)
{
    /// <summary>Told of each download that begins, with how much of it is there by now; null for nobody.</summary>
    public Action<Func<long>>? Began { get; init; }

    /// <summary>Of the artifact that is fetched; null: nothing is recorded.</summary>
    public ArtifactTrace? Trace { get; init; }

    public TimeProvider Time => Console.Time;
}
